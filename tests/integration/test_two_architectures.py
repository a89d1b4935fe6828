"""What an x86_64 runner built, on a desk of arm64: its Python and programs are real, and emulated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from factories.buckets import Keys
from factories.monorepo import IMAGES, Monorepo, empty
from factories.stalling import StallingWay

from pylayer.engines.docker.connection import connect
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.timeout(600)]

IMAGE = "pylayer-test/python3.11:arm64"
MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.11", "python3.13"]
[cache]
remote = "{share}"
keys = ['''{key}''']
"""


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory):
    """Pylayer and all that it needs, as an index has it for arm64."""
    folder = tmp_path_factory.mktemp("arm64")
    words = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", folder]
    platform = ["--python-platform", "aarch64-manylinux_2_36", "--python-version", "3.11"]
    own = f"pylayer-lambda[cache] @ {wheel.as_uri()}"
    subprocess.run([*words, *platform, "--only-binary", ":all:", own], check=True)
    return folder


@contextmanager
def engine_of_arm64() -> Iterator[Path]:
    """The socket of an engine that says it is one of arm64, and runs all images as if it were."""
    here = connect(os.environ, home=Path.home())
    if here.architecture != Architecture.X86_64 or not here.endpoint.host.startswith("unix://"):
        pytest.skip("needs an engine of x86_64 behind a socket")

    def answer(data: bytes) -> bytes:
        return data.replace(b'"Arch":"amd64"', b'"Arch":"arm64"')

    with TemporaryDirectory() as folder:
        socket = Path(folder) / "docker.sock"
        with StallingWay(socket, to=here.endpoint.host.removeprefix("unix://"), answer=answer):
            yield socket


def on_the_desk(site: Path, folder: Path, share: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pylayer in a container of arm64 that reaches no index: nothing can be built that is not there."""
    with engine_of_arm64() as socket:
        run = ["docker", "run", "--rm", "--platform=linux/arm64", "--network=none"]
        run += [f"--user={os.getuid()}:{os.getgid()}"]
        shutil.copy(IMAGES, folder / "runtimes.toml")  # the engine may not see this repository
        places = {folder: "/desk", share: "/share", site: "/site"}
        mounts = [f"--volume={path}:{place}" for path, place in places.items()]
        mounts += [f"--volume={socket}:/var/run/docker.sock"]
        env = {
            "PYTHONPATH": "/site",
            "HOME": "/desk/home",
            "PYLAYER_REMOTE_CACHE": "file:///share",
            "PYLAYER_RUNTIMES": "/desk/runtimes.toml",
            "QEMU_CPU": "max,pauth=off",
        }
        more = [f"--env={name}={value}" for name, value in env.items()]
        python = ["python3", "-B", "-m", "pylayer", *words]
        return subprocess.run(
            [*run, *mounts, *more, "--workdir=/desk/mono", IMAGE, *python],
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.usefixtures("docker_images")
def test_results_of_x86_64_serve_arm64(site, tmp_path):
    """Pure projects and their bytecode: no build, the same bytes, the same lock, which both machines take."""
    mono = empty(tmp_path)
    keys, share = Keys(tmp_path), tmp_path / "share"
    mono.manifest(MANIFEST.format(share=share.as_uri(), key=keys.public))
    mono.project("liba")
    mono.project("libb", requires='"liba"')
    ran = mono.run("layers", "--engine", "docker", PYLAYER_CACHE_KEY=str(keys.path))
    assert 0 == ran.status, ran.text
    made, lock = mono.catalogue(), (mono.root / "layers.lock").read_bytes()
    desk = tmp_path / "desk"
    shutil.copytree(mono.root, desk / "mono", ignore=shutil.ignore_patterns("dist"))

    done = on_the_desk(site, desk, share, "layers", "--locked", "--engine", "docker")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "came from the shared store" in done.stderr
    there = Monorepo(desk / "mono", tmp_path / "other")
    assert (made, lock) == (there.catalogue(), (there.root / "layers.lock").read_bytes())
    for archive in mono.output.glob("*.zip"):
        assert archive.read_bytes() == (there.output / archive.name).read_bytes(), archive.name
    shutil.rmtree(there.output)
    ran = there.run("layers", "--locked", "--engine", "docker")
    assert (0, made) == (ran.status, there.catalogue()), ran.text
