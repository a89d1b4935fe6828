"""Publishing to three regions of moto's server over HTTP, through a proxy that counts and breaks calls."""

from __future__ import annotations

import json

import boto3
import pytest
from factories.aws import Servers
from factories.dist import ARM, X86, Dist, archive, targets

from pylayer import publish
from pylayer.publication import layer_table, publish_table, settings
from pylayer.publish.cloud import Patience

REGIONS = ["eu-west-1", "us-east-1", "ap-southeast-2"]
IMPATIENT = Patience(connect=2, answer=2, pause=0.05)


@pytest.fixture(scope="session")
def servers():
    """One moto for all tests of this process."""
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture
def cloud(servers, monkeypatch, tmp_path):
    """An empty account, to which boto3's own ways lead."""
    servers.cloud.reset()
    for key, value in {
        "AWS_ENDPOINT_URL": servers.cloud.endpoint,
        "AWS_ACCESS_KEY_ID": "AKIATESTONLY",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret-but-must-not-be-seen",
        "AWS_SESSION_TOKEN": "token-that-must-not-be-seen",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYLAYER_CACHE_DIR": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(key, value)
    for key in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(key, raising=False)
    return servers.cloud


@pytest.fixture
def dist(tmp_path):
    """Two layers: a pure one (one content for four builds), and one with an archive for each build."""
    dist = Dist(tmp_path / "dist" / "layers")
    pure = archive("pure = 1")
    dist.build("libexample", dict.fromkeys(targets("python3.12", "python3.13"), pure), description="Shared")
    dist.build("libfast", {target: archive(f"native = {target}") for target in targets("python3.13")})
    return dist


class Run:
    """One publish: what it said and how it ended."""

    def __init__(self, dist, table=None, layers=None, **options) -> None:
        self.lines: list[str] = []
        self.outcome = publish.run(
            dist.folder,
            settings(publish_table({"regions": REGIONS, **(table or {})}), {
                name: layer_table(own) for name, own in (layers or {}).items()
            }),
            declared=dist.declared,
            options=publish.Options(patience=IMPATIENT, **options),
            say=self.lines.append,
            revision=lambda: "0123456789ab",
        )
        self.exit_code = self.outcome.exit_code
        path = dist.folder / "published.json"
        self.published = json.loads(path.read_text())["layers"] if path.exists() else {}

    @property
    def statuses(self):
        return sorted((one.item.group.name, one.item.region, one.status) for one in self.outcome.results)

    @property
    def text(self):
        return "\n".join(self.lines)


def client(service, region="eu-west-1"):
    return boto3.client(service, region_name=region)


def versions(name, region="eu-west-1"):
    """The numbers that a layer has in AWS, newest first."""
    pages = client("lambda", region).get_paginator("list_layer_versions").paginate(LayerName=name)
    return [one["Version"] for page in pages for one in page["LayerVersions"]]


def test_first_publish_to_three_regions(cloud, dist):
    """Each layer is published everywhere, builds of one content as one version with all its targets."""
    run = Run(dist)

    assert 0 == run.exit_code, run.text
    names = ["libexample", "libfast-python313-arm64", "libfast-python313-x86_64"]
    names[1:] = ["libfast-arm64", "libfast-x86_64"] if False else names[1:]
    assert [(name, region, "published") for name in names for region in sorted(REGIONS)] == run.statuses
    made = client("lambda").get_layer_version(LayerName="libexample", VersionNumber=1)
    assert ["python3.12", "python3.13"] == made["CompatibleRuntimes"]
    assert [X86, ARM] == made["CompatibleArchitectures"]
