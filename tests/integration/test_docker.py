"""Tests of pylayer.engines.docker.engine with a real engine and the test images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from docker.errors import APIError
from factories import there
from factories.engines import FOREIGN, NATIVE, child, facts, job, target
from factories.wheels import File, make_wheel

from pylayer import wheels
from pylayer.engines import Job, environment
from pylayer.engines.docker import early as docker_early
from pylayer.engines.docker.rooms import MOST_EMPTY
from pylayer.errors import EngineError, ImageError
from pylayer.monorepo.trees import TreeEntry
from pylayer.targets import Architecture

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

FORK = "inside/program.py fork"


@pytest.fixture
def build_env(docker_engine):
    """A native build environment without build requirements."""
    return docker_engine.build_env(target(), ())


@pytest.fixture
def into(tmp_path):
    """An empty folder for results."""
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def until(condition, *, within: float = 30) -> bool:
    """Say whether `condition` comes true within some seconds."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize("architecture", list(Architecture))
def test_interpreter_is_the_images(docker_engine, python, architecture) -> None:
    """Version, platform and emulation are learnt by running the image; the tags are Lambda's."""
    wanted = target(python, architecture)
    found = docker_engine.interpreter(wanted)
    assert (f"linux-{architecture.machine}", architecture is FOREIGN) == (found.platform, found.emulated)
    assert (python, wanted.tags) == (found.version.rpartition(".")[0], found.tags)
    assert not docker_engine.can_be_had(wanted)  # it was never in a registry


def test_interpreter_is_remembered_between_runs(docker_engine, docker_cache, docker_images) -> None:
    """A second run learns the same from the cache, and starts no container for it."""
    from factories.containers import engine, owned

    found = docker_engine.interpreter(target())
    again = engine(docker_cache)
    assert (found, []) == (again.interpreter(target()), owned(docker_images, os.getpid()))
    again.close()


def test_identity_tells_images_apart(docker_engine) -> None:
    """Each image and platform has an identity of its own."""
    wanted = [target(python, architecture) for python in ("3.11", "3.13") for architecture in Architecture]
    assert 4 == len({docker_engine.interpreter(each).identity for each in wanted})


def test_wrong_python(docker_engine) -> None:
    """An image with another minor version of Python is refused by name."""
    with pytest.raises(
        ImageError, match=r"(?s)pylayer-test/python3\.11:\w+ for .*has Python 3\.11\.\d+, not 3\.13"
    ):
        docker_engine.interpreter(target("3.13", image="pylayer-test/python3.11:amd64"))


def test_wrong_architecture_that_cannot_be_pulled(docker_engine) -> None:
    """An image that is here for another platform, and not available for this one, is said to be just that."""
    with pytest.raises(ImageError) as raised:
        docker_engine.interpreter(target("3.13", Architecture.ARM64, image="pylayer-test/python3.13:amd64"))
    assert "the image is here for linux/amd64, but it is needed for linux/arm64" in str(raised.value)
    assert "build-image" in str(raised.value)


def test_image_that_does_not_exist(docker_engine) -> None:
    """An image that is nowhere is an error that names it, and where to name another."""
    with pytest.raises(ImageError, match=r'(?s)127\.0\.0\.1:1/nothing:1 for .*\[runtimes\."python3\.13"\]'):
        docker_engine.interpreter(target(image="127.0.0.1:1/nothing:1"))


def test_jobs_run_in_the_images_python(docker_engine, into) -> None:
    """A job's Python is the target's, in an environment at a fixed place."""
    found = docker_engine.interpreter(target())
    code = "import platform, sys; facts.update(version=platform.python_version(), prefix=sys.prefix)"
    expected = {"version": found.version, "prefix": "/pylayer/env"}
    assert expected == facts(docker_engine.build_env(target(), ()), code, into)


def test_emulated_jobs_run_too(docker_engine, into) -> None:
    """A job for the other architecture runs there, under emulation."""
    build_env = docker_engine.build_env(target("3.13", FOREIGN), ())
    assert {"machine": FOREIGN.machine} == facts(
        build_env, "import os; facts['machine'] = os.uname().machine", into
    )


@pytest.mark.skipif(FOREIGN is not Architecture.ARM64, reason="it is Arm whose emulation can be made faster")
def test_emulation_skips_pointer_authentication(docker_engine, into) -> None:
    """Emulated Arm has no pointer authentication, which takes most of the time; native jobs see nothing."""
    code = "import os; facts['cpu'] = os.environ.get('QEMU_CPU')"
    seen = [
        facts(docker_engine.build_env(target("3.13", each), ()), code, into)["cpu"]
        for each in (NATIVE, FOREIGN)
    ]
    assert [None, "max,pauth=off"] == seen


def test_emulated_environments_have_their_bytecode(docker_engine, tmp_path, into) -> None:
    """What a job imports under emulation was compiled by the native Python of the same version."""
    wheel = wheels.read(make_wheel(tmp_path, {"helper.py": b""}, name="helper"))
    docker_engine.interpreter(target("3.13", NATIVE))
    build_env = docker_engine.build_env(target("3.13", FOREIGN), [wheel])
    code = (
        "import helper, json, os; facts['compiled'] = [os.path.exists(m.__cached__) for m in (helper, json)]"
    )
    assert {"compiled": [True, True]} == facts(build_env, code, into)


def test_requirements_are_installed_and_compiled(docker_engine, tmp_path, into) -> None:
    """The build environment's Python imports the build requirements, and has no need to compile them."""
    wheel = wheels.read(make_wheel(tmp_path, {"helper.py": b"x = 41"}, name="helper"))
    build_env = docker_engine.build_env(target(), [wheel])
    code = "import helper, os; facts.update(x=helper.x, compiled=os.path.exists(helper.__cached__))"
    assert {"x": 41, "compiled": True} == facts(build_env, code, into)


@pytest.fixture
def unused(docker_images, docker_engine, tmp_path):
    """A wheel that no environment has yet; those that a test bakes of it are gone afterwards."""
    from docker.errors import NotFound

    module = f"home = {str(tmp_path)!r}".encode()
    wheel = wheels.read(make_wheel(tmp_path, {"unused.py": module}, name="unused"))
    found = [docker_engine.interpreter(target(python)) for python in ("3.11", "3.13")]
    yield wheel
    docker_engine.close()
    for each in found:
        with suppress(NotFound):
            key = environment.key([wheel], interpreter=each)
            docker_images.remove_image(f"pylayer/env:{key}", force=True)


def test_environments_are_baked_once(docker_engine, docker_images, docker_cache, unused, into) -> None:
    """The next run starts from the image that an earlier one kept."""
    from factories.containers import engine

    name = f"pylayer/env:{environment.key([unused], interpreter=docker_engine.interpreter(target()))}"
    facts(docker_engine.build_env(target(), [unused]), "", into)
    baked = docker_images.inspect_image(name)["Id"]
    again = engine(docker_cache)
    facts(again.build_env(target(), [unused]), "import unused", into)
    again.close()
    assert baked == docker_images.inspect_image(name)["Id"]


def test_a_bare_job_shares_an_open_container(docker_engine, docker_images, unused, into) -> None:
    """It starts none of its own, and sees nothing of what is installed in the one that it shares."""
    from factories.containers import owned

    build_env = docker_engine.build_env(target(), [unused])
    facts(build_env, "import unused", into)
    bare = docker_engine.bare_env(target())
    code = "from importlib.util import find_spec; facts['found'] = find_spec('unused') is not None"
    done = bare.run(replace(job(code), bare=True), into=into)
    assert {"found": False} == json.loads((into / done.answer["wheel"]).read_text())
    assert bare is build_env
    assert 1 == len(owned(docker_images, os.getpid()))


def test_a_bare_job_without_an_open_container_gets_one(docker_engine, into) -> None:
    """A container of another target, or with a network, is none for it."""
    facts(docker_engine.build_env(target("3.11"), []), "", into)
    facts(docker_engine.build_env(target(), [], network=True), "", into)
    bare = docker_engine.bare_env(target())
    assert bare is docker_engine.build_env(target(), ())
    assert 0 == bare.run(replace(job(""), bare=True), into=into).status


@pytest.mark.parametrize("early", [True, False])
def test_what_was_begun_before_is_there_when_it_is_asked_for(
    docker_engine, docker_images, docker_cache, into, early
) -> None:
    """A build gets the container that was begun, early or not, with what it is a fork of made already."""
    from factories.containers import engine, owned

    def programs() -> str:
        found = []
        for each in owned(docker_images, os.getpid()):
            with suppress(APIError):  # one that is made, and does not run yet
                found.append(docker_images.top(each)["Processes"])
        return str(found)

    docker_engine.build_env(target(), ()).run(replace(job(""), warm=("wave",)), into=into)
    docker_engine.close()
    began = docker_engine.began
    begun = docker_early.begin(began) if early else None
    assert not early or until(lambda: FORK in programs())  # before the engine is there
    again = engine(docker_cache)
    again.begin(began, begun)
    assert until(lambda: FORK in programs())
    code = "import os, sys; facts.update(user=os.getuid(), imported='wave' in sys.modules)"
    again.build_env(target(), ()).run(replace(job(code), warm=("wave",)), into=into)
    told = json.loads((into / "facts-1-py3-none-any.whl").read_text())
    assert 60000 <= told["user"] < 65000
    assert told["imported"]
    assert 0 == again.bare_env(target()).run(replace(job(""), bare=True), into=into).status
    assert 1 == programs().count(FORK)
    assert 1 == len(owned(docker_images, os.getpid()))
    assert began == again.began
    again.close()
    assert [] == owned(docker_images, os.getpid())


def test_pylayers_own_jobs_are_made_ready_for_beside_a_build(
    docker_engine, docker_images, docker_cache, into
) -> None:
    """Where the run before had some of a kind, their program has its modules when the first one comes."""
    from factories.containers import engine, owned

    own = replace(job(""), name="own.job", bare=True, warm=("wave", "colorsys"))
    docker_engine.build_env(target(), ()).run(job(""), into=into)
    docker_engine.bare_env(target()).run(own, into=into)
    docker_engine.close()
    again = engine(docker_cache)
    again.begin(docker_engine.began, None)

    def forks() -> list[list[str]]:
        (each,) = owned(docker_images, os.getpid())
        found = docker_images.top(each)["Processes"]
        return [process for process in found if f"{FORK} " in str(process)]

    again.build_env(target(), ()).run(job(""), into=into)
    assert until(lambda: [words[-1].split()[-2:] for words in forks()] == [["wave", "colorsys"]])
    ((user, *_),) = forks()
    told = job(
        "import os, sys\n"
        "facts.update(user=os.getuid(), imported='wave' in sys.modules, site=sys.flags.no_site)"
    )
    again.bare_env(target()).run(replace(own, tree=told.tree, request=told.request), into=into)
    told = json.loads((into / "facts-1-py3-none-any.whl").read_text())
    assert {"user": int(user), "imported": True, "site": 1} == told
    again.close()
    assert [] == owned(docker_images, os.getpid())


@pytest.mark.parametrize("image", ["pylayer/env:there-is-none", ""])
def test_what_is_begun_in_vain_leaves_nothing(
    docker_engine, docker_images, docker_cache, into, image
) -> None:
    """Nobody asks for it, or it cannot be started: a build does not notice, and the end takes it away."""
    from factories.containers import engine, owned

    facts(docker_engine.build_env(target(), ()), "", into)
    docker_engine.close()
    began = docker_engine.began
    again = engine(docker_cache)
    again.begin(began, docker_early.begin(began))
    if image:
        missing = {"image": image, "platform": "linux/amd64", "config": json.dumps({"Image": image})}
        again.begin({**began, **missing}, docker_early.begin({**began, **missing}))
        assert {} == facts(again.build_env(target(), ()), "", into)
    again.close()
    assert [] == owned(docker_images, os.getpid())


@pytest.mark.parametrize("lacking", ["image", "platform"])
def test_a_damaged_record_of_what_was_begun_stops_no_build(
    docker_engine, docker_images, docker_cache, into, lacking
) -> None:
    """A run that fails would write no better one."""
    from factories.containers import engine, owned

    facts(docker_engine.build_env(target(), ()), "", into)
    docker_engine.close()
    damaged = {name: text for name, text in docker_engine.began.items() if name != lacking}
    again = engine(docker_cache)
    again.begin(damaged, docker_early.begin(damaged))
    assert {} == facts(again.build_env(target(), ()), "", into)
    again.close()
    assert [] == owned(docker_images, os.getpid())


def test_what_would_be_asked_for_otherwise_now_is_not_taken(
    docker_engine, docker_images, docker_cache, into, monkeypatch
) -> None:
    """A container with another memory; where a variable names another engine, none is even begun."""
    from factories.containers import engine, owned

    facts(docker_engine.build_env(target(), ()), "", into)
    docker_engine.close()
    began = docker_engine.began
    again = engine(docker_cache, PYLAYER_BUILD_MEMORY="500MB")
    again.begin(began, docker_early.begin(began))
    facts(again.build_env(target(), ()), "", into)
    (container,) = owned(docker_images, os.getpid())
    assert 500 << 20 == docker_images.inspect_container(container)["HostConfig"]["Memory"]
    again.close()
    monkeypatch.setenv("DOCKER_CONTEXT", "another")
    assert docker_early.begin(began) is None
    assert [] == owned(docker_images, os.getpid())


def test_kept_images_can_be_listed_and_forgotten(docker_engine, docker_images, unused, into) -> None:
    """What is kept in the engine's store is listed with what it costs there, and can be removed."""
    name = f"pylayer/env:{environment.key([unused], interpreter=docker_engine.interpreter(target()))}"
    facts(docker_engine.build_env(target(), [unused]), "", into)
    (kept,) = [each for each in docker_engine.kept() if each.name == name]
    docker_engine.close()
    docker_engine.forget([name])
    assert 0 < kept.size < docker_images.inspect_image(target().runtime.build_image[NATIVE])["Size"]
    assert abs(time.time() - kept.used) < 300
    assert name not in [each.name for each in docker_engine.kept()]


def test_tools_that_environments_share_are_counted_once(
    docker_engine, docker_images, unused, tmp_path
) -> None:
    """A compiler of hundreds of megabytes is below each environment that compiles."""
    files = {"big/data": File(content=os.urandom(8 << 20), method=zipfile.ZIP_STORED)}
    tool = wheels.read(make_wheel(tmp_path, files, name=f"big{time.monotonic_ns()}"))
    (tmp_path / "into").mkdir()
    facts(docker_engine.build_env(target(), [unused], tools=[tool]), "", tmp_path / "into")
    interpreter = docker_engine.interpreter(target())
    key, below, tools = (environment.key(each, interpreter=interpreter) for each in ([unused], (), [tool]))
    names = [f"pylayer/env:{below}-{tools}", f"pylayer/env:{key}-{tools}"]
    sizes = {each.name: each.size for each in docker_engine.kept()}
    docker_engine.close()
    docker_engine.forget(names[::-1])
    assert sizes[names[0]] > 8 << 20 > sizes[names[1]] > 0


def test_environment_cannot_be_written(build_env, into) -> None:
    """A job is an unprivileged user: neither the environment nor the system is its to write."""
    code = (
        "import os\n"
        "facts['uid'] = os.getuid() >= 1000\n"
        "places = ('/pylayer/env', '/pylayer/env/lib', '/pylayer', '/usr/bin', '/etc')\n"
        "facts['writable'] = [place for place in places if os.access(place, os.W_OK)]\n"
    )
    assert {"uid": True, "writable": []} == facts(build_env, code, into)


def test_no_capabilities(build_env, into) -> None:
    """A job has no capability, and can gain none."""
    code = (
        "lines = dict(line.split(':', 1) for line in open('/proc/self/status').read().splitlines())\n"
        "facts.update({name: lines[name].strip() for name in ('CapBnd', 'NoNewPrivs')})\n"
    )
    assert {"CapBnd": "0" * 16, "NoNewPrivs": "1"} == facts(build_env, code, into)


def test_no_network(build_env, into) -> None:
    """A job sees no network interface but the loopback."""
    code = "import socket; facts['interfaces'] = [name for _, name in socket.if_nameindex()]"
    assert {"interfaces": ["lo"]} == facts(build_env, code, into)


def test_network_where_it_is_declared(docker_images, docker_cache, into, tmp_path) -> None:
    """With a network there is one, and the user's proxies and certificates come along."""
    from factories.containers import engine

    bundle = tmp_path / "bundle.pem"
    bundle.write_text("certificates")
    networked = engine(docker_cache, HTTPS_PROXY="http://proxy", SSL_CERT_FILE=str(bundle))
    code = (
        "import os, socket\n"
        "facts['interfaces'] = len(socket.if_nameindex()) > 1\n"
        "facts['proxy'] = os.environ['HTTPS_PROXY']\n"
        "facts['bundle'] = open(os.environ['REQUESTS_CA_BUNDLE']).read()\n"
    )
    expected = {"interfaces": True, "proxy": "http://proxy", "bundle": "certificates"}
    try:
        assert expected == facts(networked.build_env(target(), (), network=True), code, into)
    finally:
        networked.close()


def test_environment_of_a_job(build_env, into) -> None:
    """A job's path depends on its name alone; its folders and variables are those of a reproducible build."""
    code = "import os; facts.update(os.environ, cwd=os.getcwd(), umask=oct(os.umask(0)))"
    seen = facts(build_env, code, into, DECLARED="1")
    folder = "/pylayer/work/example"
    expected = {
        "DECLARED": "1",
        "HOME": f"{folder}/home",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315532800",
        "TMPDIR": f"{folder}/tmp",
        "cwd": f"{folder}/src",
        "umask": "0o22",
    }
    assert expected == {name: seen[name] for name in expected}
    assert seen["PATH"].startswith("/pylayer/env/bin:")


def test_tree_arrives_as_it_is(build_env, into, tmp_path) -> None:
    """Contents and executable bits arrive, all files with one date."""
    content = os.urandom(3_000_000)
    (tmp_path / "big").write_bytes(content)
    tree = (
        TreeEntry(name="a/b/run", source=b"#!", executable=True),
        TreeEntry(name="big", source=tmp_path / "big"),
        TreeEntry(name="\N{SNOWMAN}.txt", source=b""),
    )
    look = "import os\nfor name in ('a/b/run', 'big', '\N{SNOWMAN}.txt'):\n  s = os.stat(name)\n"
    look += "  facts[name] = [s.st_size, oct(s.st_mode & 0o777), int(s.st_mtime)]\n"
    look += "open(folder + '/big', 'wb').write(open('big', 'rb').read())"
    date = 315532800
    expected = {
        "a/b/run": [2, "0o755", date],
        "big": [3_000_000, "0o644", date],
        "\N{SNOWMAN}.txt": [0, "0o644", date],
    }
    assert expected == facts(build_env, look, into, tree=tree)
    assert content == (into / "big").read_bytes()


def test_large_tree_is_not_held_in_memory(docker_images, docker_cache, into, tmp_path) -> None:
    """A tree of 200 MB goes in and comes out, and pylayer's memory grows by a small part of that."""
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 200_000_000)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from factories.containers import engine\n"
        "from factories.engines import job, target\n"
        "from pylayer.monorepo.trees import TreeEntry\n"
        "cache, large, into = map(Path, sys.argv[1:])\n"
        "made = engine(cache)\n"
        "build_env = made.build_env(target(), ())\n"
        "build_env.run(job(''), into=into)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "build = \"import shutil; shutil.copy('large', folder)\"\n"
        "done = build_env.run(job(build, tree=(TreeEntry(name='large', source=large),)), into=into)\n"
        "made.close()\n"
        "print(done.status, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    process = child(code, docker_cache, tmp_path / "large", into)
    status, grown = process.communicate()[0].split()
    assert ("0", 200_000_000) == (status, (into / "large").stat().st_size)
    assert int(grown) < 20_000  # KiB


def test_links_are_not_taken(build_env, into) -> None:
    """Of `out`, plain files are taken; links are not."""
    code = "import os; os.symlink('/etc/passwd', folder + '/link'); os.mkdir(folder + '/a')"
    code += "; open(folder + '/a/b', 'w')"
    facts(build_env, code, into)
    names = sorted(str(path.relative_to(into)) for path in into.rglob("*") if path.is_file())
    assert ["a/b", "facts-1-py3-none-any.whl"] == names


def test_failure_is_a_result(build_env, into) -> None:
    """A script that fails is a status and a log in the order of printing, and no exception."""
    done = build_env.run(
        job("import os; print('out'); os.write(2, b'err\\n'); raise SystemExit(3)"), into=into
    )
    assert (3, "out\nerr\n", {}) == (done.status, done.log, dict(done.answer))


def test_killed_job_is_a_result(build_env, into) -> None:
    """A job that dies of a signal has a status; the next one of its name starts afresh."""
    code = "import os, signal; open('left', 'w').close(); os.kill(os.getpid(), signal.SIGKILL)"
    assert 137 == build_env.run(job(code), into=into).status
    assert {"left": False} == facts(build_env, "import os; facts['left'] = os.path.exists('left')", into)


def test_same_name_gets_a_fresh_folder(build_env, into) -> None:
    """Nothing of a job is there for the next one of its name."""
    code = (
        "import os; facts['seen'] = os.path.exists('left'); open('left', 'w').close(); os.mkdir('tight', 0)"
    )
    assert [False, False] == [facts(build_env, code, into)["seen"] for _ in range(2)]


def test_jobs_do_not_see_each_other(docker_engine, tmp_path) -> None:
    """A job that runs at the same time as another is in a container of its own."""
    build_env = docker_engine.build_env(target(), ())
    wait = "import os, time\nopen('secret', 'w').close()\nfacts['pid'] = os.getpid()\ntime.sleep(4)"
    peek = "import os, time\ntime.sleep(1)\nfacts['seen'] = os.listdir('/pylayer/work')\n"
    results = {}
    for name in ("waiting", "peeking"):
        (tmp_path / name).mkdir()

    def work(name: str, code: str) -> None:
        results[name] = facts(build_env, code, tmp_path / name, name=name)

    work("peeking", "")  # the build environment is open
    threads = [threading.Thread(target=work, args=each) for each in (("waiting", wait), ("peeking", peek))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"seen": ["peeking"]} == results["peeking"]


def test_one_container_for_many_jobs(docker_engine, docker_images, into) -> None:
    """BuildEnvs of one target and set of requirements are one container, gone after close."""
    from factories.containers import owned

    before = set(owned(docker_images, os.getpid()))
    for _ in range(2):
        facts(docker_engine.build_env(target(), ()), "", into)
    opened = set(owned(docker_images, os.getpid())) - before
    docker_engine.close()
    assert (1, set()) == (len(opened), opened & set(owned(docker_images, os.getpid())))


def test_of_many_containers_those_end_early_that_nobody_uses(
    docker_engine, docker_images, unused, into
) -> None:
    """The one that was used longest ago ends; who comes back to its environment gets another."""
    from factories.containers import exists, owned

    before = set(owned(docker_images, os.getpid()))
    kinds = product(("3.11", "3.13"), Architecture, ([], [unused]), (False, True))
    build_envs = [
        docker_engine.build_env(target(python, architecture), requirements, network=network)
        for python, architecture, requirements, network in kinds
        if architecture is NATIVE or not (requirements or network)
    ][: MOST_EMPTY + 1]
    assert MOST_EMPTY + 1 == len(build_envs)
    facts(build_envs[0], "", into)
    (first,) = set(owned(docker_images, os.getpid())) - before
    for each in build_envs[1:-1]:
        facts(each, "", into)
    assert exists(docker_images, first)
    facts(build_envs[-1], "", into)
    assert until(lambda: not exists(docker_images, first))
    assert MOST_EMPTY == len(set(owned(docker_images, os.getpid())) - before)
    facts(build_envs[0], "", into)
    facts(build_envs[-1], "", into)  # it has its container still
    assert until(lambda: MOST_EMPTY == len(set(owned(docker_images, os.getpid())) - before))


def test_container_that_vanishes(docker_engine, docker_images, into) -> None:
    """When someone removes the container, the job says so and the next job gets a new one."""
    from factories.containers import owned

    build_env = docker_engine.build_env(target(), ())
    before = set(owned(docker_images, os.getpid()))
    facts(build_env, "", into)
    for container in set(owned(docker_images, os.getpid())) - before:
        docker_images.remove_container(container, force=True)
    with pytest.raises(EngineError, match="its container is gone"):
        build_env.run(job(""), into=into)
    assert {} == facts(build_env, "", into)


def test_an_engine_that_stands_still_is_waited_for_and_then_an_error(
    docker_images, docker_cache, into, tmp_path
) -> None:
    """As long as it may be silent; what it had begun for pylayer is gone once it goes on."""
    from factories.containers import stalling, wait_until_gone

    slow = "import time; time.sleep(2); facts['slept'] = 2"
    with stalling(docker_cache) as (engine, way):
        build_env = engine.build_env(target(), ())
        with build_env._rooms.room(guest=True):  # on a busy machine it is slow to start
            engine._connection.client.patience.timeout = 1.5
        threading.Timer(0.5, way.stall).start()
        threading.Timer(1.2, way.go_on).start()
        assert {"slept": 2} == facts(build_env, slow, into)

        threading.Timer(0.5, way.stall).start()
        began = time.monotonic()
        with pytest.raises(EngineError, match=r"answers no more: no answer within 1\.5 s"):
            build_env.run(job(slow), into=into)
        engine.close()
        assert time.monotonic() - began < 20
        way.go_on()
        assert wait_until_gone(docker_images, os.getpid(), within=30)


def test_the_end_hardly_waits_for_an_engine_that_stands_still(docker_images, docker_cache, into) -> None:
    """Whoever interrupts a run has seen that it does; it removes the container once it goes on."""
    from factories.containers import stalling, wait_until_gone

    with stalling(docker_cache) as (engine, way):
        facts(engine.build_env(target(), ()), "", into)
        way.stall()
        began = time.monotonic()
        engine.close()
        assert time.monotonic() - began < 7
        way.go_on()
        assert wait_until_gone(docker_images, os.getpid(), within=30)


def test_close_ends_running_jobs(docker_engine, docker_images, into) -> None:
    """Closing from another thread ends a running job within a second or two, as an EngineError."""
    from factories.containers import owned

    build_env = docker_engine.build_env(target(), ())
    facts(build_env, "", into)
    mine = owned(docker_images, os.getpid())
    raised: list[BaseException] = []

    def work() -> None:
        try:
            build_env.run(job("import time; time.sleep(60)", name="sleeper"), into=into)
        except EngineError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(1)
    began = time.monotonic()
    docker_engine.close()
    thread.join(5)
    assert [f"sleeper for {target()}: the job was stopped"] == [str(error) for error in raised]
    assert time.monotonic() - began < 5
    assert not set(mine) & set(owned(docker_images, os.getpid()))


def test_closed_engine_opens_nothing(docker_engine, into) -> None:
    """After close, a job is refused."""
    build_env = docker_engine.build_env(target(), ())
    docker_engine.close()
    with pytest.raises(EngineError, match="closed"):
        build_env.run(job(""), into=into)


HOLD = """
import sys, time
from dataclasses import replace
from pathlib import Path
from factories.containers import engine
from factories.engines import job, target
cache, into = map(Path, sys.argv[1:])
build_env = engine(cache).build_env(target(), ())
build_env.run(job(""), into=into)
print("ready", flush=True)
build_env.run(job("import time; time.sleep(120)"), into=into)
"""


def test_containers_die_with_a_killed_process(docker_images, docker_cache, into) -> None:
    """After kill -9 of pylayer in the midst of a job, its container is gone without anybody's help."""
    from factories.containers import owned, wait_until_gone

    process = child(HOLD, docker_cache, into)
    assert "ready\n" == there(process.stdout).readline()
    assert 1 == len(owned(docker_images, process.pid))
    process.kill()
    process.communicate()
    assert wait_until_gone(docker_images, process.pid)


def test_sweep_removes_what_dead_processes_left(docker_engine, docker_images) -> None:
    """A container that was never started does not end by itself: the next run removes it, and not others'."""
    from factories.containers import exists

    from pylayer.engines.docker import ownership

    process = child("")
    process.communicate()
    living = ownership.labels()
    dead = {**living, "pylayer.pid": str(process.pid)}
    reused = {**living, "pylayer.started": "1"}
    elsewhere = {**dead, "pylayer.host": "elsewhere"}
    made = [
        docker_images.create_container("pylayer-test/python3.13:amd64", ["true"], labels=labels)["Id"]
        for labels in (dead, reused, living, elsewhere)
    ]
    try:
        docker_engine.sweep()
        gone = until(lambda: not exists(docker_images, made[0]) and not exists(docker_images, made[1]))
        assert (True, [True, True]) == (gone, [exists(docker_images, each) for each in made[2:]])
    finally:
        for each in made[2:]:
            docker_images.remove_container(each, force=True)


def test_nothing_is_said_at_the_end(docker_images, tmp_path) -> None:
    """What streams leave to the collector of garbage goes without a word, as Python 3.13 would print it.

    Older ones print it in development mode.
    """
    code = """
import sys
from pathlib import Path
from factories.containers import engine
from factories.engines import facts, target
folder = Path(sys.argv[1])
made = engine(folder / "cache")
(folder / "into").mkdir()
print(facts(made.build_env(target(), ()), "facts['x'] = 41", folder / "into"))
made.close()
"""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", code, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("{'x': 41}\n", "") == (ran.stdout, ran.stderr)


def test_job_names_that_are_paths(build_env, into) -> None:
    """A name that could lead out of the jobs' folder is a bug of the caller."""
    with pytest.raises(ValueError, match="no name for a job"):
        build_env.run(Job(name="../env", script="hook", request={}), into=into)


def test_targets_in_parallel(docker_engine, tmp_path) -> None:
    """BuildEnvs of several targets open and work at the same time."""
    results = {}

    def work(python: str) -> None:
        into = tmp_path / python
        into.mkdir()
        code = "import sys; facts['minor'] = sys.version_info.minor"
        results[python] = facts(docker_engine.build_env(target(python), ()), code, into)["minor"]

    threads = [threading.Thread(target=work, args=(python,)) for python in ("3.11", "3.13")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"3.11": 11, "3.13": 13} == results


def test_compilers_work(build_env, into) -> None:
    """The image's compiler runs in a job, and writes paths that depend on the job's name alone."""
    code = (
        "import os, subprocess\n"
        "open('a.c', 'w').write('const char *where(void) { return __FILE__; }')\n"
        "subprocess.run(['gcc', '-shared', '-o', 'a.so', os.path.abspath('a.c')], check=True)\n"
        "facts['found'] = b'/pylayer/work/example/src/a.c' in open('a.so', 'rb').read()\n"
    )
    assert {"found": True} == facts(build_env, code, into)


def test_no_folder_is_left_on_the_host(docker_engine, unused, into) -> None:
    """Baking an environment leaves no temporary folder."""
    facts(docker_engine.build_env(target(), [unused]), "", into)
    assert [] == list(Path(tempfile.gettempdir()).glob(f"pylayer-{os.getpid()}-*"))


def test_identity_is_the_same_for_an_image_with_another_label(docker_engine, docker_images) -> None:
    """Its id is another; a variable is something that a build can see."""
    from factories.containers import built_on

    plain = target()
    reference = plain.runtime.build_image[plain.architecture]
    found = [docker_engine.interpreter(plain).identity]
    for line in ("LABEL pylayer-test=1", "ENV CFLAGS=-O0"):
        with built_on(docker_images, reference, line) as image:
            found.append(docker_engine.interpreter(target(image=image)).identity)
    assert (True, False) == tuple(each == found[0] for each in found[1:])
