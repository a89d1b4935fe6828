"""One publish or prune as a user runs it, and what it left."""

from __future__ import annotations

import functools
import json

import boto3

from pylayer import publishing
from pylayer.config.publication import layer_table, publish_table, settings
from pylayer.publishing.cloud import Patience

REGIONS = ["ap-southeast-2", "eu-west-1", "us-east-1"]
PATIENT = Patience(connect=10, answer=30, pause=0.05)
IMPATIENT = Patience(connect=2, answer=2, pause=0.05)
SECRETS = {"AWS_SECRET_ACCESS_KEY": "not-a-secret-key", "AWS_SESSION_TOKEN": "not-a-session-token"}


def environment(endpoint, folder):
    """Make boto3's own ways lead to `endpoint`, and to nothing of this machine."""
    return {
        **SECRETS,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "AKIANOTAKEY",
        "AWS_CONFIG_FILE": str(folder / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYLAYER_CACHE_DIR": str(folder / "cache"),
    }


class Run:
    """A publish of `dist` with a [publish] table and tables of layers' own."""

    def __init__(
        self,
        dist,
        *,
        table=None,
        layers=None,
        lock=None,
        revision="0123456789ab",
        only=(),
        patience=PATIENT,
        **options,
    ) -> None:
        self.lines: list[str] = []
        self.outcome = publishing.run(
            dist.folder,
            _settings(table, layers),
            declared=dist.declared,
            options=publishing.Options(patience=patience, layers=only, **options),
            say=self.lines.append,
            revision=lambda: revision,
            lock=lock,
        )
        self.exit_code = self.outcome.exit_code
        path = dist.folder / "published.json"
        self.published = json.loads(path.read_text())["layers"] if path.exists() else {}

    @property
    def text(self):
        """All that it said."""
        return "\n".join(self.lines)

    @property
    def statuses(self):
        """The status of each (name, region)."""
        return {
            (result.item.group.name, result.item.region): result.status for result in self.outcome.results
        }

    @property
    def actions(self):
        """The plan's action and reasons of each (name, region)."""
        return {(item.group.name, item.region): (item.action, *item.reasons) for item in self.outcome.items}


def prune(dist, *, keep, table=None, lines=None, json=False, **options):
    """Prune what `dist` names."""
    return publishing.prune(
        dist.folder,
        _settings(table, None),
        declared=dist.declared,
        keep=keep,
        options=publishing.Options(patience=PATIENT, **options),
        json=json,
        say=(lines if lines is not None else []).append,
    )


@functools.cache
def client(service, region="eu-west-1"):
    """A client of boto3's own, for what tests look up and set up; slow to make, and the server stays."""
    return boto3.client(service, region_name=region)


def versions(name, region="eu-west-1"):
    """The numbers that a layer has in AWS, newest first."""
    pages = client("lambda", region).get_paginator("list_layer_versions").paginate(LayerName=name)
    return [version["Version"] for page in pages for version in page["LayerVersions"]]


def version(name, number, region="eu-west-1"):
    """One layer version as AWS tells it."""
    return client("lambda", region).get_layer_version(LayerName=name, VersionNumber=number)


def _settings(table, layers):
    own = {name: layer_table(value) for name, value in (layers or {}).items()}
    return settings(publish_table({"regions": REGIONS, **(table or {})}), own)
