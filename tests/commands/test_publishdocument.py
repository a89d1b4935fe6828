"""The document of `publish --json`."""

from __future__ import annotations

import json
from typing import Any

from pylayer.commands import publishdocument
from pylayer.errors import Fault
from pylayer.operations.results import PublishedLayer, PublishReport

FACTS: dict[str, Any] = {
    "layer": "libexample",
    "name": "libexample",
    "region": "eu-west-1",
    "runtimes": ("python3.13",),
    "architectures": ("arm64",),
    "code_sha256": "q83v",
    "size": 2048,
    "action": "create",
    "pending": True,
    "reasons": ("first version",),
}


def test_a_publish():
    """What became of each layer in each region, and what was not published at all."""
    layer = PublishedLayer(**FACTS, status="published", version=1, arn="arn:1")
    missing = Fault(what="has no archive", where="liba")
    document = json.loads(
        publishdocument.of_report(PublishReport(layers=(layer,), missing=(missing,)), status=15)
    )

    assert (1, False, 15) == (document["version"], document["dry_run"], document["exit_code"])
    assert [{"layer": "liba", "what": "has no archive"}] == document["missing"]
    assert [("libexample", "published", 1, None)] == [
        (item["name"], item["status"], item["version"], item["error"]) for item in document["items"]
    ]


def test_a_dry_run():
    """Nothing has become of anything yet."""
    report = PublishReport(layers=(PublishedLayer(**FACTS),), dry_run=True)
    [item] = json.loads(publishdocument.of_report(report, status=20))["items"]

    assert ("create", ["first version"]) == (item["action"], item["reasons"])
    assert not {"status", "version", "arn", "error"} & item.keys()
