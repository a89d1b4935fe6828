"""Archives are tried: modules imported, handlers invoked, by a real Python of this machine."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import replace

import pytest
from factories.smoke import archive, client, handler, smoke_test

from pylayer.engines.local import bubblewrap
from pylayer.engines.local.smoke import LocalSmokeTester
from pylayer.engines.smoke import SmokeTestResult
from pylayer.errors import NeedsDockerError
from pylayer.store import Store
from pylayer.targets import Architecture, Target
from pylayer.verification import verify

ECHO = (
    "import os\n"
    "def main(event, context):\n"
    "    return {'got': event, 'at': os.environ.get('STAGE'), 'more': 1}\n"
)


@pytest.fixture
def tester(tmp_path):
    """This machine; what is tried can read the folder `bin`, which is in its PATH."""
    (tmp_path / "bin").mkdir()
    environ = {**os.environ, "PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"}
    made = LocalSmokeTester(store=Store(tmp_path / "cache"), environ=environ)
    yield made
    made.close()


@pytest.fixture
def tried(tmp_path, tester):
    """Verify a smoke test; its client is the tests' own."""

    def run(wanted, **more):
        store = Store(tmp_path / "store")
        return verify.verify(
            wanted, tester=tester, store=store, client=lambda _: [client(tmp_path / "client")], **more
        )

    return run


def test_import(tmp_path, tried):
    """A module that can be imported has a time, and names the modules that it took."""
    files = {
        "python/one/__init__.py": "import time, one.slow\n",
        "python/one/slow.py": "import time; time.sleep(.2)",
    }
    (one,) = tried(smoke_test(tmp_path, files, "one")).imports
    assert ("one", "") == (one.module, one.error)
    assert 0.2 <= one.seconds < 30
    assert ("one.slow", "one") == (one.heaviest[0].module, one.packages[0][0])


def test_import_error(tmp_path, tried):
    """One that cannot be imported gives its traceback, and the others are tried all the same."""
    files = {"python/bad.py": "import nonesuch\n", "python/good.py": ""}
    verdict = tried(smoke_test(tmp_path, files, "bad", "good"))
    (problem,) = verify.problems(verdict)
    assert ("load", "bad", "ModuleNotFoundError: No module named 'nonesuch'") == (
        problem.kind,
        problem.where,
        problem.what,
    )
    assert "python/bad.py" in verify.log(verdict)
    assert [False, True] == [not imported.error for imported in verdict.imports]


def test_process_dies(tmp_path, tried):
    """A module that takes its process with it is an error in words."""
    files = {
        "python/a.py": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "python/b.py": "import os; os._exit(3)",
    }
    verdict = tried(smoke_test(tmp_path, files, "a", "b"))
    expected = ["it was ended by the signal SIGSEGV", "it ended with the exit status 3"]
    assert expected == [imported.error for imported in verdict.imports]


def test_too_slow(tmp_path, tried):
    """A module that never ends is ended."""
    (one,) = tried(smoke_test(tmp_path, {"python/a.py": "while True: pass"}, "a", seconds=1)).imports
    assert "still running after 1 s" in one.error


def test_output(tmp_path, tried):
    """What a module prints is its log, without what Python measures."""
    (one,) = tried(smoke_test(tmp_path, {"python/a.py": "print('hello')\n1/0\n"}, "a")).imports
    assert "hello" == one.log


def test_order(tmp_path, tried):
    """Layers lie over each other: of two files at one path the later archive's is there, the others too."""
    first = archive(tmp_path / "1.zip", {"python/a.py": "1/0", "python/b.py": "x = 1"})
    second = archive(tmp_path / "2.zip", {"python/a.py": "import b"})
    wanted = replace(smoke_test(tmp_path, {}, "a"), archives=(first, second))
    assert tried(wanted).works


def test_surroundings(tmp_path, tried):
    """Variables and sys.path are Lambda's, .pth files are read, this machine's packages are not seen."""
    code = (
        "import os, sys, added\n"
        "assert os.environ['LAMBDA_TASK_ROOT'] == sys.path[0] == os.getcwd()\n"
        "assert sys.path[1].endswith('/opt/python/lib/python%d.%d/site-packages' % sys.version_info[:2])\n"
        "assert sys.path[2].endswith('/opt/python')\n"
        "assert os.environ['AWS_EXECUTION_ENV'].startswith('AWS_Lambda_python3.')\n"
        "assert 'HOME' not in os.environ and 'PYLAYER_OPT' not in os.environ\n"
        "assert not any(name in sys.modules or __import__('importlib.util').util.find_spec(name)\n"
        "               for name in ('pytest', 'pip'))\n"
    )
    files = {"python/a.py": code, "python/more.pth": "below\n", "python/below/added.py": ""}
    (one,) = tried(smoke_test(tmp_path, files, "a")).imports
    assert "" == one.error


def test_handler(tmp_path, tried):
    """A handler gets its event and variables, and its answer is compared by the keys that are expected."""
    wanted = handler("app.main", {"a": [1]}, {"got": {"a": [1]}, "at": "test"}, STAGE="test")
    verdict = tried(smoke_test(tmp_path, {"python/app.py": ECHO}, invoke=wanted))
    assert ("", '{"got": {"a": [1]}, "at": "test", "more": 1}') == (
        verdict.invoked.error,
        verdict.invoked.response,
    )
    assert verdict.invoked.init > 0
    assert verdict.invoked.seconds > 0


def test_a_pure_layer_of_another_architecture_gets_this_machines_client(tmp_path, tester):
    """Since its native code is to be run here."""
    other = {Architecture.X86_64: Architecture.ARM64, Architecture.ARM64: Architecture.X86_64}
    here = smoke_test(tmp_path, {"python/app.py": ECHO}, invoke=handler("app.main"))
    wanted = replace(here, target=replace(here.target, architecture=other[here.target.architecture]))
    asked = []

    def given(target):
        asked.append(target)
        return [client(tmp_path / "client")]

    verdict = verify.verify(wanted, tester=tester, store=Store(tmp_path / "store"), client=given)
    assert verdict.works
    assert [here.target] == asked


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"got": 2}, "got is 1, not 2"),
        ({"gone": 2}, "gone is missing"),
        ([1], 'it is {"got": 1, "at": null, "more": 1}, not [1]'),
        ({"more": True}, "more is 1, not true"),
    ],
)
def test_unexpected(tmp_path, tried, expect, said):
    """Another answer than the expected one is an error that says where they differ."""
    verdict = tried(smoke_test(tmp_path, {"python/app.py": ECHO}, invoke=handler("app.main", 1, expect)))
    assert f"it did not answer as expected: {said}" == verdict.invoked.error


def test_handler_raises(tmp_path, tried):
    """A handler that raises gives Lambda's words and the traceback, and what it printed."""
    files = {
        "python/app.py": "def main(event, context):\n    print('here', flush=True)\n    return event['key']\n"
    }
    verdict = tried(smoke_test(tmp_path, files, invoke=handler("app.main", {})))
    (problem,) = verify.problems(verdict)
    assert ("handler", "app.main", "KeyError: 'key'") == (problem.kind, problem.where, problem.what)
    assert "line 3, in main" in verify.log(verdict)
    assert "here" in verify.log(verdict)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("app.nonesuch", "AttributeError"),
        ("nonesuch.main", "No module named 'nonesuch'"),
        ("app.leaves", "it ended with the exit status 4"),
    ],
)
def test_no_handler(tmp_path, tried, name, said):
    """A handler that is not there, and one that ends its process, are errors too."""
    files = {"python/app.py": "import os\ndef leaves(event, context):\n    os._exit(4)\n"}
    assert said in tried(smoke_test(tmp_path, files, invoke=handler(name))).invoked.error


def test_handler_hangs(tmp_path, tried):
    """A handler that does not answer in time is ended."""
    files = {"python/app.py": "import time\ndef main(event, context):\n    time.sleep(60)\n"}
    start = time.monotonic()
    verdict = tried(smoke_test(tmp_path, files, invoke=handler("app.main"), seconds=3))
    assert "still running after 3 s" in verdict.invoked.error
    assert time.monotonic() - start < 40


def test_known(tmp_path, tried):
    """What was found to work is not tried again while nothing changes."""
    files = {"python/a.py": "", "python/app.py": ECHO}
    wanted = smoke_test(tmp_path, files, "a", invoke=handler("app.main", expect={"more": 1}))
    assert tried(wanted) == tried(wanted)
    archive(wanted.archives[0], {"python/a.py": "1/0"})
    assert not tried(wanted).works


def test_failure_is_tried_again(tmp_path, tried):
    """What failed is tried again: it may have been the machine."""
    flag = tmp_path / "bin/flag"
    wanted = smoke_test(tmp_path, {"python/a.py": f"import os; assert os.path.exists({str(flag)!r})"}, "a")
    first = tried(wanted).works
    flag.touch()
    assert (False, True) == (first, tried(wanted).works)


CURIOUS = """
import os, pathlib, socket
from contextlib import suppress
found = []
def main(event, context):
    with suppress(OSError):
        found.append(pathlib.Path("SECRET").read_text())
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", PORT), timeout=5)
        found.append("connected")
    pathlib.Path("/tmp/its-own").write_text("1")
    return {"found": found, "token": "ITS_TOKEN" in os.environ}
"""


@pytest.mark.skipif(not bubblewrap.program(os.environ["PATH"]), reason="no bubblewrap that works here")
def test_a_layer_can_do_nothing_else_here(tmp_path, tried, monkeypatch):
    """It reads no file of this host, and reaches no network, as in Lambda's image; /tmp is its own."""
    monkeypatch.setenv("ITS_TOKEN", "secret")
    (tmp_path / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        code = CURIOUS.replace("SECRET", str(tmp_path / "secret")).replace("PORT", port)
        wanted = smoke_test(tmp_path, {"python/app.py": code}, invoke=handler("app.main"))
        found = tried(wanted)
    assert found.invoked.error == ""
    assert json.loads(found.invoked.response) == {"found": [], "token": False}
    assert "network can be reached" not in found.notes[0]


def test_notes(tmp_path, tried):
    """This machine is not Lambda, and that is said."""
    assert "not in Lambda's image" in tried(smoke_test(tmp_path, {"python/a.py": ""}, "a")).notes[0]


def test_a_python_before_the_one_that_functions_run_is_told(tmp_path, tried):
    """What layers.toml says of it may be wrong, or the image old; also of what was tried before."""
    wanted = smoke_test(tmp_path, {"python/a.py": ""}, "a")
    runtime = replace(wanted.target.runtime, patch=99)
    later = replace(wanted, target=replace(wanted.target, runtime=runtime))
    assert not any("is before" in note for note in tried(wanted).notes)
    for _ in range(2):
        assert f"is before {runtime.earliest}, which functions run" in tried(later).notes[-1]


class Python:
    """Stands for a runtime with a Python that this machine does not have, in which all is well."""

    def __init__(self, version):
        self.version = version

    def identity(self, target):
        return self.version

    def runs(self, target):
        return target

    def run(self, wanted):
        return SmokeTestResult(answer={"python": self.version, "imports": [], "invoked": None})

    def close(self):
        pass


@pytest.mark.parametrize(
    ("python", "patch", "told"),
    [
        ("3.15.0rc1", 0, False),
        ("3.13.0+", 0, False),
        ("3.13.0+", 1, True),
        ("3.13.1rc1", 1, False),
        ("3.13.9+", 10, True),
    ],
)
def test_a_python_that_is_no_release_is_one_by_its_number(tmp_path, python, patch, told):
    """Nothing is told where layers.toml asks for nothing; also of what was tried before."""
    wanted = smoke_test(tmp_path, {}, "a")
    runtime = replace(wanted.target.runtime, minor=int(python.split(".")[1]), patch=patch)
    wanted = replace(wanted, target=replace(wanted.target, runtime=runtime))
    for _ in range(2):
        verdict = verify.verify(
            wanted, tester=Python(python), store=Store(tmp_path / "store"), client=lambda _: []
        )
        assert [told] == [bool(verdict.notes)]


def test_compiled_for_elsewhere(tmp_path, tried):
    """Compiled code for another architecture cannot be tried here."""
    wanted = smoke_test(tmp_path, {"python/a.so": "\x7fELF", "python/b.py": ""}, "b")
    other = next(each for each in Architecture if each != wanted.target.architecture)
    with pytest.raises(NeedsDockerError, match="native code"):
        tried(replace(wanted, target=Target(runtime=wanted.target.runtime, architecture=other)))


def test_modules():
    """What stands at the top of a wheel is imported; of namespaces what is in them."""
    names = [
        "pkg/__init__.py",
        "pkg/inner.py",
        "single.py",
        "fast.cpython-313-x86_64-linux-gnu.so",
        "space/one/__init__.py",
        "space/two.py",
        "example-1.0.data/purelib/moved/__init__.py",
        "example-1.0.data/scripts/run.py",
        "not-a-module.py",
        "data/x.json",
    ]
    assert {"fast", "moved", "pkg", "single", "space.one", "space.two"} == verify.modules(names)
    declared = [*names, "space/__init__.py", "space/two/__init__.py", "space/two/b.py"]
    expected = {"fast", "moved", "pkg", "single", "space.one", "space.two.b"}
    assert expected == verify.modules(declared, namespaces=["space", "space.two"])
