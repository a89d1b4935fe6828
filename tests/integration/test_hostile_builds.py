"""What a build may not do, tried by builds: by a project's own backend, and by a build requirement.

With the local engine this is what holds where the kernel has Landlock and seccomp, and in bubblewrap
(docs/isolation.md).
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from contextlib import closing

import pytest
from factories.engines import facts, host_target, job, target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.engines.local import bubblewrap, confinement
from pylayer.engines.local.engine import LocalEngine
from pylayer.errors import BuildError
from pylayer.store import Store

confines = pytest.mark.skipif(not confinement.supported(), reason="this kernel has no Landlock")
wraps = pytest.mark.skipif(not bubblewrap.program(os.environ["PATH"]), reason="no bubblewrap works here")
ENGINES = [
    pytest.param("local", marks=confines),
    pytest.param("wrapped", marks=wraps),
    pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.timeout(300)]),
]

# What every hostile build has at hand: `attempt` notes the error with which something was refused.
TOOLS = """
import os, socket, subprocess, sys, time
def attempt(name, action):
    try:
        facts[name] = action() or "done"
    except OSError as error:
        facts[name] = type(error).__name__
def write(path):
    with open(path, "a") as file:
        file.write("import evil")
"""
REFUSED = {
    "PermissionError",
    "FileNotFoundError",
    "ProcessLookupError",
    "OSError",
    "ConnectionRefusedError",
}


@pytest.fixture
def home(tmp_path):
    """A home folder with what nobody may read."""
    secret = tmp_path / "home" / ".aws" / "credentials"
    secret.parent.mkdir(parents=True)
    secret.write_text("secret")
    return secret.parents[1]


@pytest.fixture
def local(tmp_path, home):
    """A local engine where no program of the host is found by PATH, so no bubblewrap."""
    engine = LocalEngine(store=Store(tmp_path / "store"), environ={"PATH": "/nowhere", "HOME": str(home)})
    assert engine.bubblewrap is None
    yield engine
    engine.close()


@pytest.fixture
def wrapped(tmp_path, home):
    """A local engine where bubblewrap is."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    engine = LocalEngine(store=Store(tmp_path / "store"), environ=environ)
    yield engine
    engine.close()


@pytest.fixture(params=ENGINES)
def engine(request):
    """Each engine, and the target that it builds for here."""
    name = request.param
    found = request.getfixturevalue("docker_engine" if name == "docker" else name)
    return found, target() if name == "docker" else host_target()


@pytest.fixture
def into(tmp_path):
    """An empty folder for results."""
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_a_build_reaches_nothing_outside(engine, home, tmp_path, into):
    """Neither a network, nor the host's variables and files, nor what another build gets."""
    made, where = engine
    (tmp_path / "store").mkdir(exist_ok=True)
    (tmp_path / "store" / "kept").write_text("secret")
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as server,
        closing(socket.socket(type=socket.SOCK_DGRAM)) as datagrams,
    ):
        datagrams.bind(("127.0.0.1", 0))
        code = f"""{TOOLS}
def send():
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        sender.sendto(b"secret", {datagrams.getsockname()!r})
    raise OSError("where it went is seen there")
attempt("datagram", send)
packages = next(path for path in sys.path if path.endswith("site-packages"))
attempt("network", lambda: socket.create_connection({server.getsockname()!r}, 2).close())
attempt("environment", lambda: write(packages + "/evil.pth"))
attempt("programs", lambda: write(sys.prefix + "/bin/evil"))
attempt("python", lambda: os.replace(sys.prefix + "/bin/python", sys.prefix + "/bin/other"))
attempt("configuration", lambda: os.truncate(sys.prefix + "/pyvenv.cfg", 0))
attempt("system", lambda: write("/usr/bin/evil"))
attempt("home", lambda: open({str(home / ".aws/credentials")!r}).read())
attempt("store", lambda: open({str(tmp_path / "store" / "kept")!r}).read())
attempt("signal", lambda: os.kill({os.getpid()}, 0))
attempt("device", lambda: os.mknod(folder + "/device", 0o60600, os.makedev(8, 0)))
def variables(pid):
    try:
        with open(f"/proc/{{pid}}/environ") as file:
            return file.read()
    except OSError:
        return ""
own = (str(os.getpid()), *(["1"] if "SOURCE_DATE_EPOCH" in variables("1") else []))  # what started it there
facts["others"] = [pid for pid in os.listdir("/proc") if pid.isdigit() and pid not in own and variables(pid)]
"""
        found = facts(made.build_env(where, ()), code, into)
        for listening, take in ((server, server.accept), (datagrams, lambda: datagrams.recv(9))):
            listening.settimeout(0)
            with pytest.raises(BlockingIOError):
                take()
    assert [] == found.pop("others")
    assert {} == {name: told for name, told in found.items() if told not in REFUSED}


# A build that leaves what it can, with a process that outlives it, has its output and goes on.
LEAVES = f"""{TOOLS}
def everywhere():
    shared = ["/dev/shm"] if os.path.isdir("/pylayer") else []  # this host's is everybody's
    for folder in ("/tmp", "/var/tmp", *shared, os.environ["TMPDIR"], os.environ["HOME"]):
        attempt(folder, lambda: write(folder + "/evil.pth"))
    attempt("folder", lambda: os.mkdir("/pylayer/work/next"))
everywhere()
if not os.fork():
    os.setsid()
    if not os.fork():
        attempt("port", lambda: facts.update(server=socket.create_server(("127.0.0.1", 45671))))
        for _ in range(200):
            everywhere()
            time.sleep(0.05)
    os._exit(0)
time.sleep(0.3)
"""
LOOKS = f"""{TOOLS}
time.sleep(0.2)
places = ["/tmp", "/var/tmp", "/dev/shm", os.environ["TMPDIR"], os.environ["HOME"], os.getcwd()]
facts["left"] = [place for place in places if os.path.exists(place + "/evil.pth")]
attempt("port", lambda: socket.create_connection(("127.0.0.1", 45671), 2).close())
"""


@pytest.mark.timeout(120)
def test_a_build_leaves_nothing_to_the_next_one(engine, into):
    """Neither files where all may write, nor processes, nor a server, nor the next one's folder."""
    made, where = engine
    build_env = made.build_env(where, ())
    facts(build_env, LEAVES, into)
    found = facts(build_env, LOOKS, into, name="next")
    assert ([], True) == (found["left"], found["port"] in REFUSED)


def test_a_build_sees_nothing_of_one_beside_it(engine, tmp_path):
    """Neither its sources nor its results, wherever it looks."""
    made, where = engine
    build_env = made.build_env(where, ())
    for name in ("waits", "looks"):
        (tmp_path / name).mkdir()
    waits = "import time\nopen(folder + '/secret', 'w').close()\ntime.sleep(2)\nfacts['here'] = True"
    looks = f"""{TOOLS}
time.sleep(0.7)
above = os.path.dirname(os.path.dirname(os.path.dirname(os.getcwd())))
def seen(folder):
    for root, _, names in os.walk(folder):
        yield from (name for name in names if name == "secret" and "looks" not in root)
folders = (above, os.path.dirname(above), "/proc/1/root/pylayer")
facts["seen"] = [name for folder in folders for name in seen(folder)]
"""
    found = {}

    def work(name, code):
        found[name] = facts(build_env, code, tmp_path / name, name=name)

    threads = [threading.Thread(target=work, args=each) for each in (("waits", waits), ("looks", looks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == found["looks"]["seen"]
    assert "here" in found["waits"]


# Runs whenever a Python of the environment starts, before any script.
PTH = b"""\
import os, sys; sys.stdout.write('{"status": 0, "answer": {"wheel": "x"}, "files": []}' + chr(10))
import evil
"""
EVIL = b"""
import sys
try:
    open(sys.prefix + "/written", "w").close()
except OSError:
    pass
"""


def test_a_build_requirement_does_no_more_than_a_build(engine, tmp_path, into):
    """Not even with a `.pth` file: it does not speak for the job, nor write into its environment."""
    made, where = engine
    path = make_wheel(tmp_path, {"evil.pth": PTH, "evil.py": EVIL}, name="evil")
    build_env = made.build_env(where, [wheels.read(path)])
    code = (
        "import os, sys\n"
        "facts.update(here='evil' in sys.modules, written=os.path.exists(sys.prefix + '/written'))"
    )
    assert {"here": True, "written": False} == facts(build_env, code, into)


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_a_build_that_ends_what_watches_it_has_had_its_container(docker_engine, into):
    """Nobody could say any more what it left there."""
    build_env = docker_engine.build_env(target(), ())
    code = "import os, time\nopen('/tmp/evil', 'w').close()\nos.kill(os.getppid(), 9)\ntime.sleep(60)"
    assert 137 == build_env.run(job(code), into=into).status
    found = facts(build_env, "import os; facts['left'] = os.path.exists('/tmp/evil')", into)
    assert {"left": False} == found


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_what_a_build_leaves_by_system_v_goes_with_its_container(docker_engine, into):
    """It is neither a file nor a process."""
    build_env = docker_engine.build_env(target(), ())
    code = "import ctypes; facts['id'] = ctypes.CDLL(None).shmget(45671, 4096, 0o1666)"
    assert facts(build_env, code, into)["id"] >= 0
    found = facts(build_env, "facts['left'] = len(open('/proc/sysvipc/shm').readlines()) - 1", into)
    assert {"left": 0} == found


@pytest.mark.docker
@pytest.mark.timeout(300)
def test_a_build_has_not_all_of_the_machine(docker_images, docker_cache, into):
    """It can start so many processes, and is killed where it wants more memory; the next one is not."""
    from factories.containers import engine

    bounded = engine(docker_cache, PYLAYER_BUILD_MEMORY="128 MB")
    with closing(bounded):
        build_env = bounded.build_env(target(), ())
        greedy = build_env.run(job("x = bytearray(1 << 29)"), into=into)
        code = (
            "import os\n"
            "paths = ('/sys/fs/cgroup/pids/pids.max', '/sys/fs/cgroup/pids.max')\n"
            "facts['processes'] = open(next(filter(os.path.exists, paths))).read().strip()\n"
        )
        found = facts(build_env, code, into)
    assert 137 == greedy.status
    assert "killed; if that was for want of memory: its container may use 128.0 MiB" in greedy.log
    assert {"processes": "4096"} == found


@pytest.mark.parametrize("engine", [ENGINES[1]], indirect=True)
def test_a_build_in_bubblewrap_has_no_socket_of_the_host(engine, tmp_path, into):
    """Such as the one of a Docker Engine; with `network` neither, though networks are there then."""
    (tmp_path / "run").mkdir()
    where = str(tmp_path / "run" / "s")
    with (
        closing(socket.socket(socket.AF_UNIX)) as server,
        closing(socket.create_server(("127.0.0.1", 0))) as far,
    ):
        server.bind(where)
        server.listen()
        code = f"""{TOOLS}
attempt("near", lambda: socket.socket(socket.AF_UNIX).connect({where!r}))
attempt("far", lambda: socket.create_connection({far.getsockname()!r}, 2).close())
attempt("other", lambda: socket.socket(socket.AF_VSOCK).close())
"""
        found = facts(engine[0].build_env(host_target(), (), network=True), code, into)
    assert {"near": "FileNotFoundError", "far": "done", "other": "PermissionError"} == found


def next_run(store):
    """A local engine as the next run has it, and what its store says."""
    said: list[str] = []
    return LocalEngine(store=Store(store, note=said.append), environ={"PATH": os.environ["PATH"]}), said


def test_an_environment_that_was_changed_serves_no_more(local, tmp_path, into):
    """Not in the next run, though size and date of the file are what they were, and this is said."""
    wheel = wheels.read(make_wheel(tmp_path, {"helper.py": b"x = 41"}, name="helper"))
    build_env = local.build_env(host_target(), [wheel])
    (helper,) = (tmp_path / "store").rglob("helper.py")
    before = helper.stat()
    helper.write_text("x = 66")
    os.utime(helper, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(BuildError, match=r"its build environment was changed meanwhile: .*helper\.py"):
        local.refuse_changed(build_env, job(""), log="")
    code = "import helper; facts['x'] = helper.x"
    assert {"x": 41} == facts(local.build_env(host_target(), [wheel]), code, into)

    (helper,) = (tmp_path / "store").rglob("helper.py")
    helper.write_text("x = 66")
    again, said = next_run(tmp_path / "store")
    assert {"x": 41} == facts(again.build_env(host_target(), [wheel]), code, into)
    (line,) = said
    assert "is damaged: removed, it will be made again" in line


def test_an_environment_with_other_dates_alone_serves_on(local, tmp_path):
    """As where a CI has brought the store from elsewhere: what is in it decides."""
    wheel = wheels.read(make_wheel(tmp_path, {"helper.py": b"x = 41"}, name="helper"))
    local.build_env(host_target(), [wheel])
    (helper,) = (tmp_path / "store").rglob("helper.py")
    copy = helper.with_name("copy")
    copy.write_bytes(helper.read_bytes())
    copy.replace(helper)
    inode = helper.stat().st_ino
    for _ in range(2):
        again, said = next_run(tmp_path / "store")
        again.build_env(host_target(), [wheel])
        assert ([], inode) == (said, helper.stat().st_ino)


@pytest.mark.parametrize("engine", ENGINES[:-1], indirect=True)
def test_what_a_project_declares_is_there_for_its_build(engine, tmp_path, into):
    """A folder that a variable of `env` names can be used, in the local engine too."""
    (tmp_path / "cache").mkdir()
    code = "import os; open(os.environ['CCACHE_DIR'] + '/x', 'w').close(); facts['x'] = True"
    build_env = engine[0].build_env(host_target(), ())
    assert {"x": True} == facts(build_env, code, into, CCACHE_DIR=str(tmp_path / "cache"))


def test_a_build_sends_nobody_elsewhere_for_its_results(local, home, into):
    """Not by a link in place of the folder that they are in, nor of its answer."""
    (home / "answer.json").write_text('{"wheel": "x"}')
    code = (
        "import os\n"
        f"os.rename(folder, folder + '-away'); os.symlink({str(home / '.aws')!r}, folder)\n"
        f"os.symlink({str(home / 'answer.json')!r}, os.path.dirname(folder) + '/answer.json')\n"
        "os._exit(0)"
    )
    done = local.build_env(host_target(), ()).run(job(code), into=into)
    assert ({}, []) == (dict(done.answer), list(into.iterdir()))


@pytest.mark.parametrize("engine", ENGINES[:-1], indirect=True)
def test_a_build_that_is_kept_from_something_hears_how_it_gets_it(engine, into):
    """It may be one that means no harm."""
    done = engine[0].build_env(host_target(), ()).run(job("open('/usr/nothing-of-pylayer', 'w')"), into=into)
    assert (1, True) == (done.status, "a folder that it needs can be named in its `env`" in done.log)


def test_what_a_build_left_running_holds_nobody_up(local, into):
    """Though it has the build's output, and a session of its own."""
    code = "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(20)\n    os._exit(0)"
    began = time.monotonic()
    facts(local.build_env(host_target(), ()), code, into)
    assert time.monotonic() - began < 15


# What a project's own backend makes in place of its wheel: file name, and the members.
WHEELS = {
    "claims": ("good-1.0-py3-none-any.whl", {"good.py": ""}, "good"),
    "climbs": ("climbs-1.0-py3-none-any.whl", {"../../evil.py": ""}, "climbs"),
    "roots": ("roots-1.0-py3-none-any.whl", {"/etc/evil.py": ""}, "roots"),
    "lies": ("lies-1.0-py3-none-any.whl", {"lies.py": ""}, "good"),
}
FORGES = """
import json, os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    filename, members, name = json.load(open("forged.json"))
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(folder, filename), "w") as wheel:
        for member, text in members.items():
            wheel.writestr(member, text)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return filename
"""


@pytest.mark.command
@pytest.mark.timeout(120)
def test_a_wheel_is_its_own_projects_and_keeps_to_its_folder(shop):
    """Whatever a build names its wheel, its metadata or its members."""
    shop.member("good")
    for name, forged in WHEELS.items():
        folder = shop.member(name)
        (folder / "backend.py").write_text(FORGES)
        (folder / "forged.json").write_text(json.dumps(forged))
    shop.layers()
    ran = shop.run("layers")
    assert ["good-python3.11-x86_64"] == list(shop.catalogue())
    assert ran.status == 1, ran.text  # there are several kinds of fault
    assert "claims for python3.11-x86_64: its build made a wheel with another name: good-1.0" in ran.err
    assert "lies-1.0-py3-none-any.whl: is named lies, but its METADATA says good" in ran.err
    for member in ("../../evil.py", "/etc/evil.py"):
        assert member in ran.err
    assert "Traceback" not in ran.err
