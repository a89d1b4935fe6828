"""What integration tests share: an AWS and a Docker Engine on this machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from factories.monorepo import ROOT


@pytest.fixture(scope="session")
def servers():
    """One moto and its proxy for all tests of this process."""
    from factories.aws import Servers

    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture
def cloud(servers, monkeypatch, tmp_path):
    """An empty AWS account, to which boto3's own ways lead."""
    from factories.publishing import environment

    servers.cloud.reset()
    for key in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(key, raising=False)
    for key, value in environment(servers.cloud.endpoint, tmp_path).items():
        monkeypatch.setenv(key, value)
    return servers.cloud


@pytest.fixture
def dist(tmp_path):
    """Two layers: a pure one (one content for four builds), and one with a content for each of two builds."""
    from factories.dist import Dist, archive, targets

    dist = Dist(tmp_path / "dist" / "layers")
    pure = archive("pure = 1")
    dist.build("libexample", dict.fromkeys(targets("python3.12", "python3.13"), pure), description="Shared")
    dist.build("libfast", {target: archive(f"native = {target}") for target in targets("python3.13")})
    return dist


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The wheel of this clone, as a user builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", folder, ROOT]
    subprocess.run(words, check=True, cwd=folder)
    (found,) = folder.glob("pylayer_lambda-*.whl")
    return found


@pytest.fixture(scope="session")
def docker_images():
    """The engine's client, once the test images are known to be there; where they are not, a skip.

    With PYLAYER_REQUIRE_DOCKER=1 that is a failure instead.
    """
    from factories.containers import NeededError, client_with_images

    try:
        return client_with_images()
    except NeededError as error:
        if os.environ.get("PYLAYER_REQUIRE_DOCKER") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def docker_cache(tmp_path_factory):
    """What is found out about images, shared by the tests of this process."""
    return tmp_path_factory.mktemp("docker-cache")


@pytest.fixture
def docker_engine(docker_images, docker_cache):
    """A Docker engine in an almost empty environment; its containers are gone afterwards."""
    from factories.containers import engine

    made = engine(docker_cache)
    yield made
    made.close()
