"""The same archives, failures, kills and smoke tests with engines that are not this machine's own.

Each is started from Debian's packages (tests/engines/matrix), with one small image; `-k docker-28` chooses.
`nox -s reliability -- engines` has all of them as well, with all promises.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from factories.engines import REQUIRE, target
from factories.monorepo import ROOT
from factories.smoke import LAMBDA, client, smoke_test
from factories.stalling import StallingWay
from factories.workshop import workshop

from pylayer.engines.docker.connection import connect
from pylayer.engines.docker.smoke import DockerSmokeTester
from pylayer.store import Store
from pylayer.verification import verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from factories.workshop import Workshop

pytestmark = [pytest.mark.docker, pytest.mark.command, pytest.mark.timeout(900)]

MATRIX = ROOT / "tests" / "engines" / "matrix"
ENGINES = subprocess.run([MATRIX, "list"], check=True, capture_output=True, text=True).stdout.split()
MANIFEST = """
packages = ["packages/*"]
engine = "docker"
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
"""
GOOD = 'NAME = "two"\n'
# What makes a container, or a program in it; and who asks, where it is not whoever begins early.
MAKING = re.compile(rb"POST /v[\d.]+/containers/(create|\w+/exec)\b")
SDK = b"docker-sdk-python"
# Builds of `two` that its source makes slow, or has fail.
BACKEND = """
import time
_text = open("two.py").read()
if "SLOW" in _text:
    time.sleep(60)
if "BAD" in _text:
    raise RuntimeError("bad on purpose")
"""


@contextmanager
def made(folder: Path) -> Iterator[Workshop]:
    """A workspace of two projects, of which one is built with a requirement."""
    with workshop(folder) as mono:
        mono.offer("stamper", "1.0")
        mono.member("one")
        mono.member("two", "one", building=["stamper"])
        mono.more("packages/two/backend.py", BACKEND)
        mono.manifest(MANIFEST)
        yield mono


@pytest.fixture(scope="module")
def expected(docker_images) -> dict[str, str]:
    """The archives' hashes, as this machine's own engine makes them."""
    with TemporaryDirectory() as folder, made(Path(folder)) as mono:
        ran = mono.run("layers")
        assert ran.status == 0, ran.text
        return mono.hashes()


@pytest.fixture(scope="module", params=ENGINES)
def mono(request, expected, tmp_path_factory) -> Iterator[Workshop]:
    """The workspace, where DOCKER_HOST leads to another engine; that is gone afterwards."""
    with started(request.param) as host, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", host)
        with made(tmp_path_factory.mktemp("other")) as mono:
            yield mono


@contextmanager
def started(name: str) -> Iterator[str]:
    """The address of an engine, which no other process has started or ends meanwhile."""
    home = Path(os.environ.get("PYLAYER_ENGINES", "/var/tmp/pylayer-engines"))
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = subprocess.run([MATRIX, "small", name], check=False, capture_output=True, text=True)
        try:
            if ran.returncode:
                (pytest.fail if os.environ.get(REQUIRE) == "1" else pytest.skip)(f"{name}: {ran.stderr}")
            yield ran.stdout.split()[-1]
        finally:
            subprocess.run([MATRIX, "remove", name], check=True)


def left() -> str:
    """The containers that the engine has, whoever they are of."""
    return subprocess.run(
        ["docker", "ps", "--all", "--quiet"], check=True, capture_output=True, text=True
    ).stdout


def test_archives_are_the_same(mono, expected):
    """As this machine's own engine makes them."""
    mono.file("packages/two/two.py", GOOD)
    ran = mono.run("layers")

    assert ran.status == 0, ran.text
    assert expected == mono.hashes()
    assert not left()


def test_an_edit_builds_in_the_container_that_was_begun_early(mono):
    """Nothing else is made for it but, beside the build, a program for pylayer's own jobs in there."""
    heard: list[bytes] = []
    usual = os.environ["DOCKER_HOST"].removeprefix("unix://")
    with TemporaryDirectory() as folder, StallingWay(Path(folder) / "s", to=usual, hear=heard.append) as way:
        # The first builds both projects where no other test has, and may begin with a container of the other.
        for edit in ("", "EDIT = 1\n", "EDIT = 2\n"):
            heard.clear()
            mono.file("packages/two/two.py", GOOD + edit)
            ran = mono.run("layers", DOCKER_HOST=way.host)
            assert ran.status == 0, ran.text

    asked = [data for data in heard if MAKING.match(data)]
    assert [False, False, True] == [SDK in each for each in asked], asked
    assert b"/containers/create" in asked[0]
    assert all(b"/exec" in each for each in asked[1:])
    assert not left()


def test_a_failure_is_a_result(mono):
    """With what the backend said; the other layer is made."""
    mono.file("packages/two/two.py", "BAD = 1\n")
    ran = mono.run("layers")

    assert (9, True) == (ran.status, "bad on purpose" in ran.text), ran.text
    assert not left()


def test_a_kill_leaves_nothing(mono, expected):
    """Once another run has looked: a container that was made and not yet started ends with nobody."""
    mono.file("packages/two/two.py", "SLOW = 1\n")
    process = mono.start("layers")
    deadline = time.monotonic() + 60
    while not left():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    process.kill()
    process.communicate()

    mono.file("packages/two/two.py", GOOD)
    ran = mono.run("layers")

    assert ran.status == 0, ran.text
    assert expected == mono.hashes()
    while left() and time.monotonic() < deadline:  # the killed one's may be going just now
        time.sleep(0.1)
    assert not left()


def test_a_smoke_test_is_lambdas_place(mono, tmp_path):
    """Read-only, without a network, as its user."""
    connection = connect(os.environ, home=Path.home())
    with closing(DockerSmokeTester(connection, store=Store(tmp_path / "images"))) as tester:
        verdict = verify.verify(
            smoke_test(tmp_path, {"python/a.py": LAMBDA}, "a", target=target()),
            tester=tester,
            store=Store(tmp_path / "store"),
            client=lambda _: [client(tmp_path / "client")],
        )
    assert ("", ()) == (verdict.imports[0].error, verdict.notes)
    deadline = time.monotonic() + 10
    while left() and time.monotonic() < deadline:  # it removes itself, which nothing waits for
        time.sleep(0.1)
    assert not left()
