"""Images of a registry: pulled by tag, locked by digest, and left at that until the lock is upgraded."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from urllib.request import urlopen

import pytest
from docker.errors import APIError, ImageNotFound
from factories.monorepo import empty

from pylayer.store import hash_file

pytestmark = [pytest.mark.docker, pytest.mark.command, pytest.mark.timeout(600)]

PLATFORM = "linux/amd64"
CONFIGURATION = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
# A Python, a shell and their libraries alone: a sixth of what there would be to push and to pull.
RECIPE = """
FROM pylayer-test/python3.13:amd64 AS full
WORKDIR /small
RUN mkdir -p usr/bin usr/lib usr/lib64 && mkdir -m 1777 tmp && ln -s usr/bin usr/lib usr/lib64 .
RUN cp -a /usr/bin/python3* /usr/bin/dash /usr/bin/sh usr/bin && cp -a /usr/lib/python3.13 usr/lib
RUN cp -a /etc . && ldd /usr/bin/python3 /usr/bin/dash /usr/lib/python3.13/lib-dynload/*.so \\
 | grep -o '/lib[^ :]*' | sort -u | xargs cp -L --parents -t .
FROM scratch
COPY --from=full /small /
ENV NUMBER={number}
"""
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
    """Where a registry of this machine is, for as long as this module runs."""
    program = shutil.which("docker-registry")
    if program is None:
        what = "docker-registry is not installed (.ci/docker does)"
        (pytest.fail if os.environ.get("PYLAYER_REQUIRE_DOCKER") == "1" else pytest.skip)(what)
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "registry.yml"
    configuration.write_text(CONFIGURATION.format(folder=folder / "data", port=port))
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([program, "serve", configuration], stdout=log, stderr=log)
    for _ in range(100):
        with suppress(OSError), urlopen(f"http://127.0.0.1:{port}/v2/"):
            break
        time.sleep(0.1)
    yield f"localhost:{port}"
    running.kill()
    running.wait()


@pytest.fixture
def image(registry, docker_images):
    """A tag in the registry that this machine's engine does not have, and what gives it to another image."""
    client, repository = docker_images, f"{registry}/base"

    def publish(number):
        recipe = io.BytesIO(RECIPE.format(number=number).encode())
        made = client.build(fileobj=recipe, tag=f"{repository}:1", platform=PLATFORM, rm=True)
        for _ in made:
            pass
        told = client.push(repository, tag="1", stream=True, decode=True)
        (digest,) = [event["aux"]["Digest"] for event in told if "aux" in event]
        forget()
        return digest

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
