"""Whatever the AWS SDK raises → CloudError: its kind, and one clear line without secrets."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3.exceptions
import botocore.exceptions as sdk
import botocore.parsers

from pylayer.publishing.cloud import CloudError, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextlib.contextmanager
def answers(operation: str, *, but: Kind | None = None) -> Iterator[None]:
    """Turn whatever the SDK raises into a CloudError of one line; one of the kind `but` is passed over."""
    try:
        yield
    except _SDK as error:
        failure = _failure(error, operation)
        if failure.kind != but:
            raise failure from None  # the SDK's own may quote a signed request


def is_throttled(parsed: Mapping[str, Any]) -> bool:
    """Whether an answer, as the SDK has parsed it, says that it was asked too much: nothing was done then."""
    return _told(parsed)[1] == "throttled"


def _failure(error: Exception, operation: str) -> CloudError:  # noqa: PLR0911  one for each kind
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, sdk.ClientError):
        return _refusal(error, operation)
    if names & _CREDENTIALS:
        # Not its message: that may quote what a credential process printed.
        return CloudError("credentials", f"no usable AWS credentials ({type(error).__name__}): sign in")
    if isinstance(error, botocore.parsers.ResponseParserError):
        return CloudError("service", f"{operation}: AWS's answer could not be read")
    if isinstance(error, (sdk.HTTPClientError, sdk.ConnectionError, sdk.IncompleteReadError)):
        return CloudError("unreachable", f"{operation}: {_silence(error)}")
    if isinstance(error, OSError):  # such as the file with a token
        return CloudError("refused", f"{operation}: {error.filename}: {error.strerror}")
    if isinstance(error, sdk.ParamValidationError):
        hint = "pip install --upgrade boto3"
        return CloudError("refused", f"{operation}: this boto3 does not know a parameter: {hint}")
    if isinstance(error.__context__, _SDK):  # an upload's failure wraps that of one request
        return _failure(error.__context__, operation)
    return CloudError("refused", f"{operation}: {_line(str(error))}")


_SDK = (
    sdk.BotoCoreError,
    sdk.ClientError,
    boto3.exceptions.Boto3Error,
    botocore.parsers.ResponseParserError,
    OSError,
)
# By name: older releases of the SDK lack some.
_CREDENTIALS = {
    "CredentialRetrievalError",
    "LoginError",
    "NoCredentialsError",
    "PartialCredentialsError",
    "SSOError",
    "TokenRetrievalError",
}
_CODES: dict[str, Kind] = {
    "CodeStorageExceededException": "quota",
    "ConflictException": "exists",
    "ExpiredToken": "credentials",
    "ExpiredTokenException": "credentials",
    "IncompleteSignature": "credentials",
    "InvalidAccessKeyId": "credentials",
    "InvalidClientTokenId": "credentials",
    "InvalidSignatureException": "credentials",
    "InvalidToken": "credentials",
    "MissingAuthenticationToken": "credentials",
    "OptInRequired": "credentials",
    "ParameterAlreadyExists": "exists",
    "RequestExpired": "credentials",
    "ResourceConflictException": "exists",
    "SignatureDoesNotMatch": "credentials",
    "RequestLimitExceeded": "throttled",
    "SlowDown": "throttled",
    "ThrottledException": "throttled",
    "Throttling": "throttled",
    "ThrottlingException": "throttled",
    "TooManyRequestsException": "throttled",
    "TooManyUpdates": "throttled",
    "UnrecognizedClientException": "credentials",
}
_STATUSES: dict[int, Kind] = {401: "denied", 403: "denied", 404: "missing", 409: "exists", 429: "throttled"}


def _silence(error: Exception) -> str:
    """Say who did not answer; of an address its host alone, as it may hold a password."""
    named = getattr(error, "kwargs", {}).get("endpoint_url")
    host = urlsplit(str(named)).hostname if named else None
    if isinstance(error, sdk.SSLError):
        return f"no TLS with {host} that is to be trusted: name your CA's file in AWS_CA_BUNDLE"
    return f"no answer{f' from {host}' if host else ''} ({type(error).__name__})"


def _refusal(error: sdk.ClientError, operation: str) -> CloudError:
    code, kind = _told(error.response)
    message = _line(str(error.response.get("Error", {}).get("Message", "")))
    status = _status(error.response)
    match kind:
        case "credentials":
            what = f"AWS does not accept the credentials ({code}): sign in again, or enable the region"
        case "denied":
            what = f"{operation}: access denied: {message}" if message else f"{operation}: access denied"
        case "quota":
            what = f"the region's storage for functions and layers is full ({code}): prune, or ask for more"
        case "throttled":
            what = f"{operation}: AWS asks to slow down ({code or status})"
        case "service":
            what = f"{operation}: AWS failed ({code or status})"
        case _:
            what = f"{operation}: {message or code} ({code})"
    return CloudError(kind, what)


def _told(parsed: Mapping[str, Any]) -> tuple[str, Kind]:
    """The code of a refusal, and its kind."""
    code = str(parsed.get("Error", {}).get("Code", ""))
    status = _status(parsed)
    return code, _CODES.get(code) or _STATUSES.get(status) or ("service" if status >= 500 else "refused")


def _status(parsed: Mapping[str, Any]) -> int:
    return int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
