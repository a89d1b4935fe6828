"""Region and Account by boto3, imported here alone: what is asked → AWS's answer, or one clear line.

Credentials come by boto3's own ways; neither they nor AWS's signed URLs leave this module.
"""

from __future__ import annotations

import json
import random
from dataclasses import field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pylayer.dataclassing import dataclass
from pylayer.errors import PublishError
from pylayer.publishing.cloud import CloudError, Grant, Listed, Patience, Region, Stored, Upload, Version

try:
    import boto3
    import boto3.s3.transfer
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ProfileNotFound
except ImportError as error:
    raise PublishError("publishing needs boto3", hint='pip install "pylayer-lambda[publish]"') from error

from pylayer.publishing.sdk import answers, is_throttled  # needs what was tried above

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.publishing.cloud import Draft

PART = 16 * 1024 * 1024
_GET = "lambda:GetLayerVersion"
# Adaptive: where AWS asks to slow down, all that a client sends is paced from then on.
_RETRIES = {"mode": "adaptive"}
_MOST_WAITS = 12
_LONGEST_WAIT = 20.0  # seconds


def connect(*, profile: str | None = None, patience: Patience) -> BotoAccount:
    """Open a session with the named profile, or as boto3 finds its credentials; asks AWS nothing yet."""
    try:
        session = boto3.Session(profile_name=profile)
    except ProfileNotFound as error:
        asked = "" if profile else ", which AWS_PROFILE names"
        what = f"there is no AWS profile {error.kwargs['profile']!r}{asked}"
        raise PublishError(what, hint="see `aws configure list-profiles`") from error
    except BotoCoreError as error:
        raise PublishError(f"the AWS configuration cannot be used: {error}") from error
    return BotoAccount(session=session, patience=patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotoAccount:
    """The Account that a boto3 session is for."""

    session: Any
    patience: Patience
    _lock: Lock = field(default_factory=Lock, repr=False)
    _over: Event = field(default_factory=Event, repr=False)

    @property
    def default_region(self) -> str | None:
        """The region that the profile or the environment names."""
        region: str | None = self.session.region_name
        return region

    def region(self, name: str) -> Region:
        """One region; connects to nothing yet."""
        return BotoRegion(name=name, account=self)

    def give_up(self) -> None:
        """Send nothing again from now on."""
        self._over.set()

    @property
    def given_up(self) -> bool:
        """Whether that was said."""
        return self._over.is_set()

    def client(self, service: str, region: str, *, once: bool = False) -> Any:
        """Make a client; `once` lets it send a request a single time."""
        retries: Any = {**_RETRIES, "total_max_attempts": 1} if once else _RETRIES
        config = Config(
            retries=retries,
            connect_timeout=self.patience.connect,
            read_timeout=self.patience.answer,
            max_pool_connections=32,
        )
        with self._lock, answers(f"{service} in {region}"):  # sessions are not thread-safe, clients are
            try:
                client = self.session.client(service, region_name=region, config=config)
            except ValueError:  # it quotes the address, which may hold a password
                what = "the address of the service is none: see AWS_ENDPOINT_URL, or the profile"
                raise CloudError("refused", what) from None
        client.meta.events.register_last("needs-retry", self._wait)
        return client

    def _wait(self, *, response: Any, attempts: int, **_more: object) -> float | None:
        """Seconds until what AWS was too busy for is sent again, once the SDK's own attempts are over.

        Quotas are small (Systems Manager writes three parameters in a second), and an account has them once.
        """
        last = self.given_up or attempts > _MOST_WAITS
        if last or response is None or not is_throttled(response[1]):
            return None
        longest: float = min(_LONGEST_WAIT, self.patience.pause * 2**attempts)
        return random.uniform(longest / 2, longest)  # noqa: S311  it keeps no secret


@dataclass(slots=True, kw_only=True)
class BotoRegion:
    """A Region by boto3; its clients are made when first used."""

    name: str
    account: BotoAccount
    _clients: dict[str, Any] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _written: set[str] = field(default_factory=set)

    def newest(self) -> dict[str, Listed]:
        """Every layer of the account, with its newest version."""
        with answers("ListLayers"):
            pages = self._lambda.get_paginator("list_layers").paginate()
            layers = [layer for page in pages for layer in page["Layers"]]
        return {layer["LayerName"]: _listed(layer["LatestMatchingVersion"]) for layer in layers}

    def numbers(self, layer: str) -> tuple[int, ...]:
        """The versions that a layer has, newest first."""
        try:
            with answers("ListLayerVersions"):
                pages = self._lambda.get_paginator("list_layer_versions").paginate(LayerName=layer)
                found = [version["Version"] for page in pages for version in page["LayerVersions"]]
        except CloudError as error:
            if error.kind != "missing":
                raise
            return ()
        return tuple(sorted(found, reverse=True))

    def version(self, layer: str, number: int) -> Version | None:
        """One version, None where it is not (or no more)."""
        try:
            with answers("GetLayerVersion"):
                return _version(self._lambda.get_layer_version(LayerName=layer, VersionNumber=number))
        except CloudError as error:
            if error.kind != "missing":
                raise
            return None

    def publish(self, draft: Draft) -> Version:
        """Make a version: one request.

        boto3 would repeat one whose connection broke after AWS had accepted it, and each makes a version.
        """
        content: dict[str, Any]
        if isinstance(draft.content, Stored):
            stored = draft.content
            content = {"S3Bucket": stored.bucket, "S3Key": stored.key}
            if stored.version:
                content["S3ObjectVersion"] = stored.version
            if stored.mode == "reference":
                content["S3ObjectStorageMode"] = "REFERENCE"
        else:
            content = {"ZipFile": draft.content}
        with answers("PublishLayerVersion"):
            made = self._publisher.publish_layer_version(
                LayerName=draft.name,
                Description=draft.description,
                LicenseInfo=draft.license,
                CompatibleRuntimes=list(draft.runtimes),
                CompatibleArchitectures=list(draft.architectures),
                Content=content,
            )
        return _version(made)

    def remove(self, layer: str, number: int) -> None:
        """Delete a version."""
        with answers("DeleteLayerVersion"):
            self._lambda.delete_layer_version(LayerName=layer, VersionNumber=number)

    def grants(self, layer: str, number: int) -> frozenset[str]:
        """The statement ids of a version's policy."""
        try:
            with answers("GetLayerVersionPolicy"):
                found = self._lambda.get_layer_version_policy(LayerName=layer, VersionNumber=number)
        except CloudError as error:
            if error.kind != "missing":
                raise
            return frozenset()
        return frozenset(statement["Sid"] for statement in json.loads(found["Policy"])["Statement"])

    def grant(self, layer: str, number: int, grant: Grant) -> None:
        """Add a statement to a version's policy."""
        more = {"OrganizationId": grant.organization} if grant.organization else {}
        with answers("AddLayerVersionPermission", but="exists"):
            self._lambda.add_layer_version_permission(
                LayerName=layer,
                VersionNumber=number,
                StatementId=grant.id,
                Action=_GET,
                Principal=grant.principal,
                **more,
            )

    def revoke(self, layer: str, number: int, statement: str) -> None:
        """Take a statement from a version's policy."""
        with answers("RemoveLayerVersionPermission", but="missing"):
            self._lambda.remove_layer_version_permission(
                LayerName=layer, VersionNumber=number, StatementId=statement
            )

    def parameters(self, names: Sequence[str]) -> dict[str, str]:
        """The values of those parameters that exist."""
        values = {}
        for start in range(0, len(names), 10):  # as many as one call takes
            with answers("ssm:GetParameters"):
                found = self._client("ssm").get_parameters(Names=list(names[start : start + 10]))
            values.update({parameter["Name"]: parameter["Value"] for parameter in found["Parameters"]})
        self._written.update(values)
        return values

    def put_parameter(self, name: str, value: str, *, tags: Mapping[str, str]) -> None:
        """Write a parameter. One call takes tags or overwrites: one that nobody saw is made first."""
        ssm = self._client("ssm")
        listed = [{"Key": key, "Value": word} for key, word in tags.items()]
        if name not in self._written:
            try:
                with answers("ssm:PutParameter"):
                    ssm.put_parameter(Name=name, Value=value, Type="String", Tags=listed)
            except CloudError as error:
                if error.kind != "exists":
                    raise
            else:
                return
        with answers("ssm:PutParameter"):
            ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def store(self, upload: Upload) -> Stored:
        """Have an archive in S3: multipart where it is large, each part with a checksum that S3 verifies."""
        version = self._stored(upload)
        uploaded = version is None
        if version is None:
            self._send(upload)
            version = self._stored(upload)
        if upload.mode == "reference" and not version:
            what = f"the bucket {upload.bucket} has no versioning, which storage-mode reference needs"
            raise CloudError("refused", what)
        return Stored(
            bucket=upload.bucket, key=upload.key, version=version or None, mode=upload.mode, uploaded=uploaded
        )

    def attached(self) -> frozenset[str]:
        """The ARNs of all layer versions that a function's version has."""
        with answers("ListFunctions"):
            pages = self._lambda.get_paginator("list_functions").paginate(FunctionVersion="ALL")
            functions = [function for page in pages for function in page["Functions"]]
        return frozenset(layer["Arn"] for function in functions for layer in function.get("Layers") or ())

    def _stored(self, upload: Upload) -> str | None:
        """The version of the object (empty where the bucket keeps none), None where ours is not there."""
        try:
            with answers(f"HeadObject of s3://{upload.bucket}/{upload.key}"):
                found = self._client("s3").head_object(Bucket=upload.bucket, Key=upload.key)
        except CloudError as error:
            # Without s3:ListBucket, S3 says 403 for what is not there.
            if error.kind not in ("missing", "denied"):
                raise
            return None
        size = upload.source.stat().st_size
        if found["ContentLength"] != size or found["Metadata"].get("sha256") != upload.sha256:
            return None
        version = found.get("VersionId")
        return "" if version in (None, "null") else str(version)

    def _send(self, upload: Upload) -> None:
        more: dict[str, Any] = {"ChecksumAlgorithm": "SHA256", "Metadata": {"sha256": upload.sha256}}
        if upload.tags:
            more["Tagging"] = urlencode(upload.tags)
        config = boto3.s3.transfer.TransferConfig(
            multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4
        )
        with answers(f"the upload to s3://{upload.bucket}/{upload.key}"):
            self._client("s3").upload_file(
                str(upload.source), upload.bucket, upload.key, ExtraArgs=more, Config=config
            )

    @property
    def _lambda(self) -> Any:
        return self._client("lambda")

    @property
    def _publisher(self) -> Any:
        return self._client("lambda", once=True)

    def _client(self, service: str, *, once: bool = False) -> Any:
        key = f"{service} once" if once else service
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self.account.client(service, self.name, once=once)
            return self._clients[key]


def _listed(table: Mapping[str, Any]) -> Listed:
    return Listed(
        number=table["Version"],
        created=table.get("CreatedDate", ""),
        runtimes=frozenset(table.get("CompatibleRuntimes") or ()),
        architectures=frozenset(table.get("CompatibleArchitectures") or ()),
    )


def _version(table: Mapping[str, Any]) -> Version:
    return Version(
        number=table["Version"],
        arn=table["LayerVersionArn"],
        code_sha256=table["Content"]["CodeSha256"],
        description=table.get("Description") or "",
        license=table.get("LicenseInfo") or "",
        runtimes=frozenset(table.get("CompatibleRuntimes") or ()),
        architectures=frozenset(table.get("CompatibleArchitectures") or ()),
    )
