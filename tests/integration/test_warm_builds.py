"""Builds that are forked of a process which has the backend imported: faster, and like any other."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from factories.engines import job, target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.monorepo.trees import TreeEntry

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]

# An installed backend with a state of its own, whose wheel is a small JSON file of what the project found.
BACKEND = b"""
import json, os, sys, tempfile
IMPORTED_IN = os.getpid()
BUILDS = []
PRELOADED = "colorsys" in sys.modules
def build_wheel(folder, config_settings=None, metadata_directory=None):
    facts = {"warm": IMPORTED_IN != os.getpid(), "before": list(BUILDS), "parent": os.getppid()}
    BUILDS.append(os.getcwd())
    with open("build.py") as file:
        exec(file.read(), {"facts": facts, "folder": folder})
    with open(os.path.join(folder, "facts-1-py3-none-any.whl"), "w") as file:
        json.dump(facts, file)
    return "facts-1-py3-none-any.whl"
"""


class Bench:
    """Builds with a backend that is installed, in one build environment."""

    def __init__(self, engine, folder, backend=BACKEND):
        self.into = folder / "into"
        self.into.mkdir()
        wheel = wheels.read(make_wheel(folder, {"stateful.py": backend}, name="stateful"))
        self.env = engine.build_env(target(), [wheel])

    def run(self, code, *, name="example", warm=("stateful", "missing", "colorsys"), **env):
        """What became of a build whose project runs `code`."""
        made = replace(job("", name=name), request={"backend": "stateful"}, warm=warm, env=env)
        return self.env.run(
            replace(made, tree=(TreeEntry(name="build.py", source=code.encode()),)), into=self.into
        )

    def facts(self, code="", **more):
        """The facts of a build that succeeds."""
        done = self.run(code, **more)
        assert done.status == 0, done.log
        return json.loads((self.into / "facts-1-py3-none-any.whl").read_text())


@pytest.fixture
def bench(docker_engine, tmp_path):
    """Such builds."""
    return Bench(docker_engine, tmp_path)


# Whatever a process is and knows that a build could change.
CHANGES = """
import builtins, locale, os, random, resource, signal, sys, tempfile, threading
builtins.evil = sys.evil = True
os.environ["EVIL"] = "1"
os.environ.pop("LANG")
sys.path.insert(0, "/evil")
sys.modules["json"].evil = True
sys.modules["evil"] = sys
sys.argv = ["evil"]
tempfile.tempdir = "/evil"
os.umask(0)
os.chdir("/")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
os.nice(5)
os.dup2(os.open("/dev/null", os.O_WRONLY), 9)
threading.Thread(target=lambda: __import__("time").sleep(60), daemon=True).start()
os.chdir(os.path.dirname(folder))
"""
LOOKS = """
import builtins, json, os, random, resource, signal, sys, tempfile, threading
umask = os.umask(0o77)
facts["found"] = [
    hasattr(builtins, "evil"), hasattr(sys, "evil"), os.environ.get("EVIL"), os.environ["LANG"],
    "/evil" in sys.path,
    hasattr(json, "evil"), "evil" in sys.modules, sys.argv[0].rpartition("/")[2],
    tempfile.gettempdir() == os.environ["TMPDIR"], umask, str(signal.getsignal(signal.SIGTERM)),
    resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 64, os.nice(0), sorted(os.listdir("/proc/self/fd")),
    threading.active_count(), os.environ["HOME"].rpartition("/")[2], hash("text"),
    os.getcwd().rpartition("/")[2]]
"""


def test_builds_are_forks_that_share_nothing(bench):
    """A fork finds what a new process finds, whatever the fork before it did to itself."""
    cold = bench.facts(LOOKS, warm=())
    bench.facts(CHANGES)
    warm, again = bench.facts(LOOKS), bench.facts(name="next")
    assert (False, True, True) == (cold["warm"], warm["warm"], again["warm"])
    assert cold["found"] == warm["found"]
    assert warm["parent"] == again["parent"]
    assert [] == warm["before"] == again["before"]


def test_what_is_left_out_of_a_fork_is_imported_by_the_build(bench):
    """A module that is not there hinders nobody; variables of the build's own are its own."""
    found = bench.facts(
        "import os, sys\nfacts.update(there='colorsys' in sys.modules, own=os.environ['OWN'])", OWN="1"
    )
    assert (True, True, "1") == (found["warm"], found["there"], found["own"])
    assert not bench.facts("import os\nfacts['own'] = 'OWN' in os.environ")["own"]


HARMS = {
    "killed": "os.kill(parent, 9); time.sleep(60)",
    "stopped": "os.kill(parent, 19)",
    "limited": "resource.prlimit(parent, resource.RLIMIT_FSIZE, (10, 10))",
    "slowed": "os.setpriority(os.PRIO_PROCESS, parent, 19)",
    "bound": "os.sched_setaffinity(parent, {min(os.sched_getaffinity(parent))})",
    "its watcher limited": "[resource.prlimit(pid, resource.RLIMIT_FSIZE, (10, 10)) for pid in others]",
    "its watcher slowed": "[os.setpriority(os.PRIO_PROCESS, pid, 19) for pid in others]",
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_a_build_does_to_its_parent_reaches_no_other(bench, harm):
    """The next build has another parent, if this one is not what it was."""
    code = f"""
import os, resource, time
parent = os.getppid()
own = {{str(os.getpid()), "1"}}
others = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and pid not in own]
if os.fork() == 0:
    time.sleep(0.1)  # the build has its results by then, or waits for the end
    {HARMS[harm]}
    os._exit(0)
time.sleep({0.5 if harm != "stopped" else 0.05})
"""
    before = bench.run(code, name="evil")
    found = """
import os, resource
facts["found"] = [os.nice(0), resource.getrlimit(resource.RLIMIT_FSIZE)[0], len(os.sched_getaffinity(0))]
"""
    after = bench.facts(found, name="next")
    assert before.status in {0, 137}
    assert (True, [0, -1, os.cpu_count()]) == (after["warm"], after["found"])


def test_nobody_looks_into_the_parent(bench):
    """Nor into what watches it: neither memory, nor variables, nor what they have open."""
    code = """
import os
seen = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("mem", "environ", "fd", "maps"):
        try:
            path = f"/proc/{pid}/{name}"
            (os.listdir if name == "fd" else open)(path)
            seen.append(path)
        except OSError:
            pass
facts["seen"] = [path for path in seen if not path.startswith(f"/proc/{os.getpid()}/")]
facts["open"] = sorted(os.listdir("/proc/self/fd"))
"""
    found = bench.facts(code)
    assert ([], True) == (found["seen"], found["warm"])
    assert found["open"] == bench.facts(code, warm=())["open"]


@pytest.mark.parametrize("pauses", ["1", "0"])
def test_what_outlives_a_build_is_ended(bench, pauses):
    """However it hides, and were it too fast to be seen: then the parent goes as well."""
    code = """
import ctypes, os, time
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
        if os.fork():
            os._exit(0)
        while True:
            if os.fork():
                os._exit(0)
            time.sleep(0.002 * PAUSES)
""".replace("PAUSES", pauses)
    first = bench.facts(code)
    found = bench.facts(
        "import os\nfacts['processes'] = len(list(filter(str.isdigit, os.listdir('/proc'))))", name="next"
    )
    assert (True, True) == (first["warm"], found["warm"])
    assert found["processes"] <= 5  # the container's own, what serves jobs, the parent, this one


@pytest.mark.parametrize(
    "first",
    [
        b"import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        b"import socket; KEPT = socket.socketpair()",
        b"import sys\nif sys.argv[1:2] == ['fork']: raise ImportError('not before a build')",
    ],
    ids=["thread", "open", "error"],
)
def test_a_backend_that_cannot_be_shared_is_imported_by_each_build(docker_engine, tmp_path, first):
    """Its threads would be in no fork, and what it opened in all."""
    bench = Bench(docker_engine, tmp_path, backend=first + BACKEND)
    found = [bench.facts()["warm"], bench.facts()["warm"]]
    assert [False, False] == found


def test_a_traceback_shows_no_line_of_ours(bench):
    """Backends run setup.py as "<string>", and Python would show what it was started with as that."""
    done = bench.run("exec(compile('\\n' * 3 + 'raise ValueError(1)', '<string>', 'exec'))")
    assert 'File "<string>", line 4' in done.log
    following = done.log.partition('File "<string>", line 4')[2].splitlines()[1]
    assert following.startswith("ValueError")
