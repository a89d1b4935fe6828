"""Tests of pylayer.engines.local.engine, and of what it shares with other engines."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from factories.engines import NATIVE, child, facts, host_target, job
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.engines.local.engine import LocalEngine
from pylayer.errors import BuildError, EngineError, NeedsDockerError
from pylayer.monorepo.trees import TreeEntry
from pylayer.store import Store
from pylayer.targets import Target, unknown_runtime

ENVIRON = {"PATH": os.defpath, "HOME": "/nonexistent"}


@pytest.fixture
def engine(tmp_path):
    """An engine with an empty cache, in an almost empty environment."""
    engine = LocalEngine(store=Store(tmp_path / "cache"), environ=ENVIRON)
    yield engine
    engine.close()


@pytest.fixture
def build_env(engine):
    """A build environment without build requirements."""
    return engine.build_env(host_target(), ())


@pytest.fixture
def into(tmp_path):
    """An empty folder for results."""
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_interpreter_is_the_hosts(engine) -> None:
    """The interpreter is a CPython of the target's minor version, with the tags that it accepts."""
    interpreter = engine.interpreter(host_target())
    assert (sys.version_info.minor, None, False) == (
        interpreter.minor,
        interpreter.image,
        interpreter.emulated,
    )
    assert f"cp3{interpreter.minor}" == interpreter.tags[0].interpreter


def test_interpreter_is_asked_once(engine, tmp_path) -> None:
    """What an interpreter says of itself is kept, so another engine learns the same without running it."""
    first = engine.interpreter(host_target())
    again = LocalEngine(store=Store(tmp_path / "cache"), environ=ENVIRON).interpreter(host_target())
    assert (first, first.tags) == (again, again.tags)


def test_missing_interpreter_needs_docker(engine) -> None:
    """Where the host lacks a minor version, the error says which, and how to get it."""
    runtime = unknown_runtime("python3.87")
    assert runtime is not None
    with pytest.raises(NeedsDockerError, match=r"(?s)this host has no Python 3\.87.*uv python install 3\.87"):
        engine.interpreter(Target(runtime=runtime, architecture=NATIVE))


def test_requirements_are_installed(engine, tmp_path, into) -> None:
    """The build environment's Python imports the build requirements."""
    wheel = wheels.read(make_wheel(tmp_path, {"helper.py": b"x = 41"}, name="helper"))
    build_env = engine.build_env(host_target(), [wheel])
    assert {"x": 41} == facts(build_env, "import helper; facts['x'] = helper.x", into)


def test_a_bare_job_sees_nothing_installed(engine, into) -> None:
    """It runs by the interpreter alone, whatever that has installed, and no environment is made for it."""
    code = "import sys; facts['site'] = 'site' in sys.modules"
    done = engine.bare_env(host_target()).run(replace(job(code), bare=True), into=into)
    assert {"site": False} == json.loads((into / done.answer["wheel"]).read_text())
    assert not (engine._environments).exists()


def test_requirements_are_compiled_and_kept(engine, tmp_path) -> None:
    """An environment is made once, with bytecode, and nothing of its making is left."""
    wheel = wheels.read(make_wheel(tmp_path, {"helper.py": b"x = 41"}, name="helper"))
    engine.build_env(host_target(), [wheel])
    (kept,) = (tmp_path / "cache/engines/local/env").iterdir()
    made = kept.stat().st_ino
    LocalEngine(store=Store(tmp_path / "cache"), environ=ENVIRON).build_env(host_target(), [wheel])
    assert ([kept], made) == (list((tmp_path / "cache/engines/local/env").iterdir()), kept.stat().st_ino)
    assert 1 == len(list(kept.glob("lib/python3.*/site-packages/__pycache__/helper.*.pyc")))


def test_nothing_of_the_user_reaches_a_job(tmp_path, into) -> None:
    """Settings, credentials and virtual environments of the user are not in a job's environment."""
    private = (
        "PYTHONPATH",
        "PIP_INDEX_URL",
        "UV_INDEX",
        "VIRTUAL_ENV",
        "CONDA_PREFIX",
        "AWS_SECRET_ACCESS_KEY",
    )
    environ = {
        **ENVIRON,
        **dict.fromkeys(private, "private"),
        "HTTPS_PROXY": "http://user:private@proxy",
    }
    engine = LocalEngine(store=Store(tmp_path / "cache"), environ=environ)
    seen = facts(engine.build_env(host_target(), ()), "import os; facts.update(os.environ)", into)
    assert [] == [name for name, value in seen.items() if "private" in value]


def test_environment_of_a_job(build_env, into) -> None:
    """A job has what makes builds reproducible, folders of its own, and what it declares."""
    seen = facts(build_env, "import os; facts.update(os.environ, cwd=os.getcwd())", into, DECLARED="1")
    folder = str(Path(seen["cwd"]).parent)
    expected = {
        "DECLARED": "1",
        "HOME": f"{folder}/home",
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315532800",
        "TMPDIR": f"{folder}/tmp",
    }
    assert expected == {name: seen[name] for name in expected}


def test_network_brings_proxies_and_certificates(tmp_path, into) -> None:
    """A build environment with a network has the user's proxies, and knows where the certificates are."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("certificates")
    environ = {**ENVIRON, "https_proxy": "http://proxy", "SSL_CERT_FILE": str(bundle)}
    engine = LocalEngine(store=Store(tmp_path / "cache"), environ=environ)
    seen = facts(
        engine.build_env(host_target(), (), network=True), "import os; facts.update(os.environ)", into
    )
    expected = {"https_proxy": "http://proxy", "SSL_CERT_FILE": str(bundle), "PIP_CERT": str(bundle)}
    assert expected == {name: seen[name] for name in expected}


def test_tree_arrives_as_it_is(build_env, into, tmp_path) -> None:
    """Contents and executable bits arrive, all files with one date."""
    (tmp_path / "big").write_bytes(bytes(300_000))
    tree = (
        TreeEntry(name="a/b/run", source=b"#!", executable=True),
        TreeEntry(name="big", source=tmp_path / "big"),
        TreeEntry(name="\N{SNOWMAN}.txt", source=b""),
    )
    look = "import os\nfor name in ('a/b/run', 'big', '\N{SNOWMAN}.txt'):\n  s = os.stat(name)\n"
    look += "  facts[name] = [s.st_size, oct(s.st_mode & 0o777), int(s.st_mtime)]"
    date = 315532800
    expected = {
        "a/b/run": [2, "0o755", date],
        "big": [300_000, "0o644", date],
        "\N{SNOWMAN}.txt": [0, "0o644", date],
    }
    assert expected == facts(build_env, look, into, tree=tree)


def test_unreadable_file_is_named(build_env, into, tmp_path) -> None:
    """A file that is gone when a job starts is an error that names it."""
    gone = TreeEntry(name="gone", source=tmp_path / "gone")
    with pytest.raises(BuildError, match=r"gone: cannot be read: No such file"):
        build_env.run(job("", tree=(gone,)), into=into)


def test_failure_is_a_result(build_env, into) -> None:
    """A script that fails is a status and a log, and no exception."""
    done = build_env.run(
        job("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), into=into
    )
    assert (3, "out\nerr\n", {}) == (done.status, done.log, dict(done.answer))


def test_same_name_gets_a_fresh_folder(build_env, into) -> None:
    """Nothing of a job is there for the next one of its name."""
    code = (
        "import os; facts['seen'] = os.path.exists('left'); open('left', 'w').close(); os.mkdir('tight', 0)"
    )
    assert [False, False] == [facts(build_env, code, into)["seen"] for _ in range(2)]


def test_links_are_not_followed_out(build_env, into, tmp_path) -> None:
    """Of `out`, plain files are taken and links are not."""
    (tmp_path / "secret").write_text("secret")
    done = build_env.run(
        job(
            f"import os; os.symlink({str(tmp_path / 'secret')!r}, folder + '/link'); open(folder + '/b', 'w')"
        ),
        into=into,
    )
    assert (0, ["b", "facts-1-py3-none-any.whl"]) == (
        done.status,
        sorted(path.name for path in into.iterdir()),
    )


def temporary(pid: int) -> list[Path]:
    """List the temporary folders of a process."""
    return list(Path(tempfile.gettempdir()).glob(f"pylayer-{pid}-*"))


def test_close_ends_running_jobs(engine, into, tmp_path) -> None:
    """Closing from another thread ends a running job at once, as an EngineError, and removes its folder."""
    started = tmp_path / "started"
    started.mkdir()
    raised: list[BaseException] = []

    def work() -> None:
        code = "import os, time; open(os.environ['STARTED'] + '/now', 'w').close(); time.sleep(60)"
        try:
            sleeper = job(code, name="sleeper", STARTED=str(started))
            engine.build_env(host_target(), ()).run(sleeper, into=into)
        except EngineError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 30
    while not (started / "now").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    engine.close()
    thread.join(5)
    assert ["sleeper: the job was stopped"] == [str(error) for error in raised]
    assert [] == [path for path in temporary(os.getpid()) if (path / "sleeper").exists()]


def test_folders_of_a_killed_process_are_removed(tmp_path) -> None:
    """What a killed pylayer left is gone after the next one's first build environment."""
    started = tmp_path / "started"
    started.mkdir()
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from factories.engines import host_target, job\n"
        "from pylayer.engines.local.engine import LocalEngine\n"
        "from pylayer.store import Store\n"
        "build_env = LocalEngine(store=Store(Path(sys.argv[1])), environ={}).build_env(host_target(), ())\n"
        'build = \'import os, time; open(os.environ["STARTED"] + "/now", "w"); time.sleep(9)\'\n'
        "build_env.run(job(build, STARTED=sys.argv[2]), into=Path(sys.argv[1]))\n"
    )
    process = child(code, tmp_path / "cache", started)
    deadline = time.monotonic() + 30
    while not (started / "now").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert 1 == len(temporary(process.pid))
    LocalEngine(store=Store(tmp_path / "cache"), environ=ENVIRON).build_env(host_target(), ())
    assert [] == temporary(process.pid)


def test_answer_that_is_no_json(build_env, into) -> None:
    """A job that spoils its answer has none."""
    build = "import atexit\natexit.register(lambda: open('../answer.json', 'w').write('no'))"
    assert {} == dict(build_env.run(job(build), into=into).answer)


def test_facts_are_json(into, build_env) -> None:
    """The wheel that a job made is in the folder that was given."""
    facts(build_env, "facts['a'] = 1", into)
    assert {"a": 1} == json.loads((into / "facts-1-py3-none-any.whl").read_text())


def test_kept_environments_are_told_and_forgotten(engine, tmp_path) -> None:
    """With their size and last use; what is forgotten is made again where it is needed."""
    wheels_of = {name: wheels.read(make_wheel(tmp_path / name, name=name)) for name in ("one", "two")}
    for wheel in wheels_of.values():
        engine.build_env(host_target(), [wheel])
    first, second = engine.kept()
    os.utime(tmp_path / "cache/engines/local/env" / first.name, (1, 1))
    again = LocalEngine(store=Store(tmp_path / "cache"), environ=ENVIRON)

    assert (True, 1) == (first.size > 0, again.kept()[0].used)
    engine.forget([first.name])
    assert (second,) == again.kept()
    assert [second.name] == [path.name for path in (tmp_path / "cache/engines/local/env").iterdir()]
    for wheel in wheels_of.values():
        again.build_env(host_target(), [wheel])
    assert {first.name, second.name} == {kept.name for kept in again.kept()}


def test_an_environment_that_is_used_again_is_not_old(engine, tmp_path) -> None:
    """So that what goes by age is what nobody needs."""
    wheel = wheels.read(make_wheel(tmp_path))
    engine.build_env(host_target(), [wheel])
    (kept,) = engine.kept()
    os.utime(tmp_path / "cache/engines/local/env" / kept.name, (1, 1))
    before = time.time() - 1
    LocalEngine(store=Store(tmp_path / "cache"), environ=ENVIRON).build_env(host_target(), [wheel])

    assert engine.kept()[0].used >= before
