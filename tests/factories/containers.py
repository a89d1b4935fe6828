"""A Docker engine as tests use it, and what the Docker Engine itself says is there."""

from __future__ import annotations

import io
import os
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from docker.errors import ImageNotFound, NotFound

from pylayer.engines.docker.connection import connect
from pylayer.engines.docker.engine import DockerEngine
from pylayer.errors import EngineError
from pylayer.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import APIClient

    from factories.stalling import StallingWay

IMAGES = [f"pylayer-test/python{python}:{arch}" for python in ("3.11", "3.13") for arch in ("amd64", "arm64")]


class NeededError(Exception):
    """What a test needs is not on this machine."""


def client_with_images() -> APIClient:
    """Give a client of the Docker Engine that has the test images."""
    try:
        client = connect(os.environ, home=Path.home()).client
    except EngineError as error:
        raise NeededError(str(error)) from error
    for image in IMAGES:
        try:
            client.inspect_image(image)
        except ImageNotFound as error:
            raise NeededError(f"{image} is missing: run tests/images/make") from error
    return client


def engine(cache: Path, **environ: str) -> DockerEngine:
    """Give an engine whose environment has these variables alone."""
    return DockerEngine(connect(os.environ, home=Path.home()), store=Store(cache), environ=environ)


@contextmanager
def stalling(cache: Path) -> Iterator[tuple[DockerEngine, StallingWay]]:
    """Give an engine, and the way to it, which can stand still."""
    from factories.stalling import StallingWay

    usual = connect(os.environ, home=Path.home()).endpoint.host
    with (
        TemporaryDirectory() as folder,
        StallingWay(Path(folder) / "socket", to=usual.removeprefix("unix://")) as way,
    ):
        made = DockerEngine(
            connect({"DOCKER_HOST": way.host}, home=Path.home()), store=Store(cache), environ={}
        )
        try:
            yield made, way
        finally:
            way.go_on()
            made.close()


def owned(client: APIClient, pid: int) -> list[str]:
    """List the containers, running or not, of a pylayer process."""
    found = client.containers(all=True, filters={"label": f"pylayer.pid={pid}"})
    return [each["Id"] for each in found]


def wait_until_gone(client: APIClient, pid: int, *, within: float = 10) -> bool:
    """Say whether a process's containers are removed within some seconds."""
    deadline = time.monotonic() + within
    while owned(client, pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def exists(client: APIClient, container: str) -> bool:
    """Say whether a container is there."""
    try:
        client.inspect_container(container)
    except NotFound:
        return False
    return True


@contextmanager
def built_on(client: APIClient, image: str, line: str) -> Iterator[str]:
    """Give an image that is another with a line of a Dockerfile more; it is gone afterwards."""
    name = f"pylayer-test/more:{uuid.uuid4().hex[:12]}"
    dockerfile = io.BytesIO(f"FROM {image}\n{line}\n".encode())
    said = list(client.build(fileobj=dockerfile, tag=name, rm=True, decode=True))
    assert not any("error" in each for each in said), said
    try:
        yield name
    finally:
        with suppress(NotFound):
            client.remove_image(name, force=True)
