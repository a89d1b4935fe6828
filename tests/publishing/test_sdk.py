from __future__ import annotations

import pytest
from boto3.exceptions import S3UploadFailedError
from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from pylayer.publishing.cloud import CloudError
from pylayer.publishing.sdk import answers


def refusal(code, status, message="Some words."):
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return sdk.ClientError(response, "Operation")


def told(error):
    """What a failure becomes."""
    with pytest.raises(CloudError) as caught, answers("PublishLayerVersion"):
        raise error
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refusal("ExpiredTokenException", 403), "credentials"),
        (refusal("UnrecognizedClientException", 403), "credentials"),
        (refusal("AccessDeniedException", 403), "denied"),
        (refusal("403", 403, "Forbidden"), "denied"),
        (refusal("CodeStorageExceededException", 400), "quota"),
        (refusal("TooManyRequestsException", 429), "throttled"),
        (refusal("ThrottlingException", 400), "throttled"),
        (refusal("TooManyUpdates", 400), "throttled"),
        (refusal("ServiceException", 500), "service"),
        (refusal("ResourceNotFoundException", 404), "missing"),
        (refusal("ResourceConflictException", 409), "exists"),
        (refusal("ParameterAlreadyExists", 400), "exists"),
        (refusal("InvalidParameterValueException", 400), "refused"),
        (sdk.NoCredentialsError(), "credentials"),
        (sdk.UnauthorizedSSOTokenError(), "credentials"),
        (sdk.TokenRetrievalError(provider="sso", error_msg="x"), "credentials"),
        (sdk.EndpointConnectionError(endpoint_url="http://localhost"), "unreachable"),
        (sdk.ConnectTimeoutError(endpoint_url="http://localhost"), "unreachable"),
        (sdk.ReadTimeoutError(endpoint_url="http://localhost"), "unreachable"),
        (sdk.ConnectionClosedError(endpoint_url="http://localhost"), "unreachable"),
        (sdk.SSLError(endpoint_url="https://localhost", error="x"), "unreachable"),
        (FileNotFoundError(2, "No such file or directory", "token"), "refused"),
        (ResponseParserError("not JSON"), "service"),
        (sdk.ParamValidationError(report="Unknown parameter"), "refused"),
    ],
)
def test_what_the_sdk_raises_is_sorted(error, kind):
    """Each failure is of the kind that decides what is done about it."""
    assert kind == told(error).kind


def test_only_what_may_have_been_done_is_doubtful():
    """As with a failure inside AWS and a lost connection; not with a refusal, or one to slow down."""
    kinds = {
        error.kind: error.doubtful
        for error in map(
            told,
            [
                refusal("InvalidParameterValueException", 400),
                refusal("AccessDeniedException", 403),
                refusal("TooManyRequestsException", 429),
                refusal("ServiceException", 502),
                sdk.ReadTimeoutError(endpoint_url="http://localhost"),
            ],
        )
    }

    expected = {"refused": False, "denied": False, "throttled": False, "service": True, "unreachable": True}
    assert expected == kinds


def test_a_failed_upload_is_sorted_by_its_cause():
    """S3's own refusal is told, not that of the transfer around it."""
    error = S3UploadFailedError("Failed to upload")
    error.__context__ = refusal("NoSuchBucket", 404, "The specified bucket does not exist")

    assert "PublishLayerVersion: The specified bucket does not exist (NoSuchBucket)" == str(told(error))


def test_what_a_credential_process_printed_is_not_repeated():
    """Its output may hold a secret."""
    error = sdk.CredentialRetrievalError(provider="custom-process", error_msg="secret-key")

    assert "no usable AWS credentials (CredentialRetrievalError): sign in" == str(told(error))


def test_who_does_not_answer_is_told():
    """Of its address the host alone; where it is TLS that fails, what to do about it."""
    address = "https://user:a-password@lambda.example:444/path"
    assert "PublishLayerVersion: no answer from lambda.example (ConnectTimeoutError)" == str(
        told(sdk.ConnectTimeoutError(endpoint_url=address))
    )
    assert str(told(sdk.SSLError(endpoint_url=address, error="x"))).endswith(
        "no TLS with lambda.example that is to be trusted: name your CA's file in AWS_CA_BUNDLE"
    )


def test_a_message_is_one_line():
    """AWS's words are kept, without line breaks."""
    error = refusal("InvalidParameterValueException", 400, "One\n  two.")

    assert "PublishLayerVersion: One two. (InvalidParameterValueException)" == str(told(error))


def test_the_signed_request_is_not_in_the_traceback():
    """The SDK's own exception is not shown as the cause."""
    assert told(refusal("ServiceException", 500)).__suppress_context__


def test_one_kind_may_be_passed_over():
    """What is no failure for the caller is none."""
    with answers("AddLayerVersionPermission", but="exists"):
        raise refusal("ResourceConflictException", 409)
