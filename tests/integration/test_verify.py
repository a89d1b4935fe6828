"""Archives are tried in containers of the runtime's image."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from factories.containers import wait_until_gone
from factories.engines import FOREIGN, target
from factories.smoke import LAMBDA, archive, client, handler, smoke_test

from pylayer.engines.docker.connection import connect
from pylayer.engines.docker.smoke import DockerSmokeTester
from pylayer.errors import EngineError
from pylayer.store import Store
from pylayer.targets import Architecture
from pylayer.verification import verify

pytestmark = pytest.mark.docker

_FASTER = "max,pauth=off" if FOREIGN is Architecture.ARM64 else None


@pytest.fixture
def tester(docker_images, docker_cache):
    """A tester; its containers are gone afterwards."""
    made = DockerSmokeTester(connect(os.environ, home=Path.home()), store=Store(docker_cache))
    yield made
    made.close()
    assert wait_until_gone(docker_images, os.getpid())


@pytest.fixture
def tried(tmp_path, tester):
    """Verify a smoke test, with the tests' own runtime interface client."""

    def run(wanted):
        store = Store(tmp_path / "store")
        return verify.verify(
            wanted, tester=tester, store=store, client=lambda _: [client(tmp_path / "client")]
        )

    return run


def test_lambda(tmp_path, tried):
    """It is a function's place: its user, its paths, read-only, without network."""
    verdict = tried(smoke_test(tmp_path, {"python/a.py": LAMBDA}, "a", target=target()))
    assert ("", ()) == (verdict.imports[0].error, verdict.notes)


def test_broken(tmp_path, tried):
    """An import error, a library that is not there, and a handler that raises: each in its own words."""
    files = {
        "python/bad.py": "import nonesuch\n",
        "python/lib.py": "import ctypes; ctypes.CDLL('libGL.so.1')\n",
        "python/app.py": "def main(event, context):\n    raise ValueError('no such order')\n",
    }
    verdict = tried(smoke_test(tmp_path, files, "bad", "lib", target=target(), invoke=handler("app.main")))
    problems = verify.problems(verdict)
    assert ["load", "load", "handler"] == [problem.kind for problem in problems]
    assert "ModuleNotFoundError: No module named 'nonesuch'" == problems[0].what
    assert "libGL.so.1: cannot open shared object file" in problems[1].what
    assert "ValueError: no such order" == problems[2].what


def test_layers(tmp_path, tried):
    """Several layers lie over each other, and a handler finds what each of them has."""
    first = archive(tmp_path / "1.zip", {"python/data.py": "value = 1\n", "lib/x.txt": "found"})
    code = (
        "import data\ndef main(*given):\n    return [data.value, open('/opt/lib/x.txt').read(), given[0]]\n"
    )
    second = archive(tmp_path / "2.zip", {"python/app.py": code})
    wanted = smoke_test(
        tmp_path, {}, "app", target=target("3.11"), invoke=handler("app.main", 3, [1, "found", 3])
    )
    verdict = tried(replace(wanted, archives=(first, second)))
    assert (True, "") == (verdict.works, verdict.invoked.error)


def test_foreign(tmp_path, tried):
    """The other architecture is tried under emulation, as fast as that goes, and that is said."""
    code = (
        f"import os; assert os.uname().machine == {FOREIGN.machine!r}, os.uname()\n"
        f"assert os.environ.get('QEMU_CPU') == {_FASTER!r}, os.environ\n"
    )
    verdict = tried(smoke_test(tmp_path, {"python/a.py": code}, "a", target=target(architecture=FOREIGN)))
    assert ("", True) == (verdict.imports[0].error, "emulated" in verdict.notes[0])


def test_close(tmp_path, tester, docker_images):
    """Closing ends what runs, at once."""
    wanted = smoke_test(
        tmp_path, {"python/a.py": "import time; time.sleep(600)"}, "a", target=target(), seconds=600
    )
    raised = []

    def run():
        try:
            tester.run(wanted)
        except EngineError as error:
            raised.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 60
    while not any(
        each["State"] == "running"
        for each in docker_images.containers(filters={"label": f"pylayer.pid={os.getpid()}"})
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    tester.close()
    thread.join(30)
    assert (False, ["example: verification was stopped"]) == (thread.is_alive(), raised)
    with pytest.raises(EngineError, match="verification was stopped"):  # one that begins too late
        tester.run(wanted)
