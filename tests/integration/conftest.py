"""What integration tests share: an AWS on this machine."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def servers():
    """One moto and its proxy for all tests of this process."""
    from factories.aws import Servers  # noqa: PLC0415  moto is slow to import, and few tests need it

    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture
def cloud(servers, monkeypatch, tmp_path):
    """An empty AWS account, to which boto3's own ways lead."""
    from factories.publishing import environment  # noqa: PLC0415  as above

    servers.cloud.reset()
    for key in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(key, raising=False)
    for key, value in environment(servers.cloud.endpoint, tmp_path).items():
        monkeypatch.setenv(key, value)
    return servers.cloud


@pytest.fixture
def dist(tmp_path):
    """Two layers: a pure one (one content for four builds), and one with a content for each of two builds."""
    from factories.dist import Dist, archive, targets  # noqa: PLC0415  as above

    dist = Dist(tmp_path / "dist" / "layers")
    pure = archive("pure = 1")
    dist.build("libexample", dict.fromkeys(targets("python3.12", "python3.13"), pure), description="Shared")
    dist.build("libfast", {target: archive(f"native = {target}") for target in targets("python3.13")})
    return dist
