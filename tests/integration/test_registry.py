"""Images of a registry that wants a login: pulled by tag, locked by digest, left at that until an upgrade."""

from __future__ import annotations

import io
import shutil
from contextlib import suppress

import pytest
from docker.errors import APIError, ImageNotFound
from factories.distribution import PASSWORD, SMALL, USER, credentials, serving
from factories.monorepo import empty

from pylayer.store import hash_file

pytestmark = [pytest.mark.docker, pytest.mark.command, pytest.mark.timeout(600)]

PLATFORM = "linux/amd64"
LOGIN = {"username": USER, "password": PASSWORD}
MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
[runtimes."python3.13"]
build-image = "{image}"
image = "{image}"
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Where a registry of this machine is, for as long as this module runs; it wants a login."""
    with serving(tmp_path_factory.mktemp("registry"), password=True) as host:
        yield host


@pytest.fixture
def image(registry, docker_images):
    """A tag in the registry that this machine's engine does not have, and what gives it to another image."""
    client, repository = docker_images, f"{registry}/base"

    def publish(number):
        recipe = io.BytesIO(SMALL.format(number=number).encode())
        made = client.build(fileobj=recipe, tag=f"{repository}:1", platform=PLATFORM, rm=True)
        for _ in made:
            pass
        told = list(client.push(repository, tag="1", stream=True, decode=True, auth_config=LOGIN))
        assert not any("error" in event for event in told), told
        (reference,) = client.inspect_image(f"{repository}:1")["RepoDigests"]
        forget()
        return reference.partition("@")[2]

    def forget():
        for found in client.images(repository):
            for name in (*(found["RepoTags"] or ()), *(found["RepoDigests"] or ())):
                with suppress(ImageNotFound, APIError):
                    client.remove_image(name, force=True)

    yield f"{repository}:1", publish, forget
    forget()


def test_the_image_of_the_lock_is_the_one_everywhere(image, tmp_path):
    """By its digest, also where the tag has another image by now; until `lock --upgrade`."""
    tag, publish, forget = image
    first = publish(1)
    mono = empty(tmp_path)
    mono.env["PYLAYER_RUNTIMES"] = ""
    mono.env |= credentials(tmp_path / "docker", tag.partition("/")[0], helper="workshop")
    mono.manifest(MANIFEST.format(image=tag))
    mono.project("libexample")
    built = mono.run("layers", "--engine", "docker")
    assert built.status == 0, built.err
    archive = mono.output / "libexample-python3.13-x86_64.zip"
    lock = mono.root / "layers.lock"
    content, locked = hash_file(archive), lock.read_text()
    assert f'"python3.13-x86_64" = "{first}"' in locked

    second = publish(2)
    shutil.rmtree(mono.output)
    shutil.rmtree(mono.store)  # another machine
    again = mono.run("layers", "--engine", "docker", "--locked")
    assert again.status == 0, again.err
    assert (content, locked) == (hash_file(archive), lock.read_text())

    forget()
    upgraded = mono.run("lock", "--upgrade")
    assert upgraded.status == 0, upgraded.err
    assert f'"python3.13-x86_64" = "{second}"' in lock.read_text()
