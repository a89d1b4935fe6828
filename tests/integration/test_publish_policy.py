"""The policy of docs/publish.md: it allows all that publish and prune ask for, says a simulator."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from factories.aws import Call, Fault
from factories.dist import Dist, archive, targets
from factories.monorepo import ROOT
from factories.policies import simulating
from factories.publishing import Run, client, prune

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.command, pytest.mark.deploytools]

ACCOUNT = "123456789012"
REGION = "eu-west-1"
BUCKET = f"layers-{REGION}"
TABLE = {
    "regions": [REGION],
    "name": "{layer}",
    "bucket": "layers-{region}",
    "tags": {"team": "data"},
    "ssm": "/layers",
    "permissions": {"accounts": ["210987654321"]},
}
ANY = {"ListLayers", "ListLayerVersions", "ListFunctions"}  # which AWS can allow on nothing in particular


def requests_of(call: Call) -> Iterator[tuple[str, str]]:
    """What a role must be allowed for a call: actions, and on what."""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}"
    if call.service == "lambda":
        if call.operation in ANY:
            yield f"lambda:{call.operation}", "*"
            return
        layer, number = re.findall(r"/layers/([^/]+)/versions(?:/(\d+))?", call.path)[0]
        yield f"lambda:{call.operation}", f"{arn}:layer:{layer}" + (f":{number}" if number else "")
        if (
            stored := json.loads(call.body).get("Content")
            if call.operation == "PublishLayerVersion"
            else None
        ):
            # Lambda reads the object as whoever asks for it.
            action = "s3:GetObjectVersion" if stored.get("S3ObjectVersion") else "s3:GetObject"
            yield action, f"arn:aws:s3:::{stored['S3Bucket']}/{stored['S3Key']}"
    elif call.service == "ssm":
        asked = json.loads(call.body)
        for name in asked.get("Names") or [asked["Name"]]:
            where = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}"
            yield f"ssm:{call.operation}", where
            if asked.get("Tags"):
                yield "ssm:AddTagsToResource", where
    else:
        key = f"arn:aws:s3:::{unquote(call.path).removeprefix('/')}"
        if call.operation == "HeadObject":
            yield "s3:GetObject", key
            yield "s3:ListBucket", key.partition("/")[0]  # without it, what is not there is refused
        else:
            yield "s3:PutObject", key
            yield "s3:PutObjectTagging", key


def policy():
    """The one that the page has."""
    (found,) = re.findall(
        r"```json\n(\{\n  \"Version\": .*?)```", (ROOT / "docs/publish.md").read_text(), re.DOTALL
    )
    return json.loads(found)


def actions_of(statement):
    """A statement's actions, of which one need not be a list."""
    named = statement["Action"]
    return [named] if isinstance(named, str) else named


def asked_for(cloud, tmp_path):
    """All that two publishes, a third that finds a duplicate, and a prune ask for."""
    client("s3", REGION).create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client("s3", REGION).put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    dist = Dist(tmp_path / "layers")
    cloud.forget()
    for number, table in enumerate([TABLE, {**TABLE, "permissions": {}}, TABLE]):
        if number < 2:
            dist.build("libexample", dict.fromkeys(targets("python3.13"), archive(f"n = {number}")))
        cloud.faults = [Fault(action="held", operation="PublishLayerVersion")] if number else []
        assert 0 == Run(dist, table=table).exit_code
    assert 0 == Run(dist, table={**TABLE, "permissions": {}}).exit_code
    assert 0 == prune(dist, keep=1, table=TABLE).exit_code
    return {request for call in cloud.calls for request in requests_of(call)}


def test_it_allows_all_that_is_asked_for(cloud, tmp_path):
    """And nothing in it is for nothing, but what an upload needs that fails."""
    asked = asked_for(cloud, tmp_path)
    listed = {action for statement in policy()["Statement"] for action in actions_of(statement)}
    assert {action for action, _ in asked} == listed - {"s3:AbortMultipartUpload"}
    with simulating() as simulator:
        refused = [
            request
            for request in sorted(asked)
            if not simulator.allows(
                {
                    "principal": f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/a-session",
                    "action": request[0],
                    "resource": request[1],
                    "account": ACCOUNT,
                    "context": {},
                    "identity": policy(),
                }
            )
        ]
    assert [] == refused
