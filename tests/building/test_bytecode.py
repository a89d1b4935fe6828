"""Wheels become bytecode, compiled once."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from dataclasses import replace

import pytest
from factories.bytecode import HERE, HereBuildEnv, compile_wheels, contents
from factories.engines import host_target
from factories.layers import compiled
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.archives import archive
from pylayer.building import bytecode
from pylayer.engines.scripts import script_text
from pylayer.errors import BuildError
from pylayer.store import Store

TAG = sys.implementation.cache_tag


@pytest.fixture
def build_env():
    """A build environment that remembers its jobs."""
    return HereBuildEnv()


def wheel(folder, files, **more):
    """Make a wheel of `files` and read it."""
    return wheels.read(make_wheel(folder, files, **more))


def bytecode_of(one, *, build_env, store, **more):
    """Give the bytecode of one wheel."""
    found = compile_wheels(
        [one],
        open_env=build_env.opened,
        interpreter=HERE,
        store=store,
        **more,
    )
    return found[one.sha256]


@pytest.mark.parametrize(
    ("only", "compiled"),
    [
        (False, [f"pkg/__pycache__/tests.{TAG}.pyc", f"pkg/testing/__pycache__/a.{TAG}.pyc"]),
        (True, ["pkg/testing/a.pyc", "pkg/tests.pyc", "pkg/tests/b.pyc", "tests/c.pyc"]),
    ],
)
def test_tests_are_left_to_python_where_their_sources_are(tmp_path, build_env, store, only, compiled):
    """No function imports them, and in some distributions they are most modules."""
    files = dict.fromkeys(("pkg/testing/a.py", "pkg/tests.py", "pkg/tests/b.py", "tests/c.py"), b"a = 1\n")
    found = bytecode_of(wheel(tmp_path, files), build_env=build_env, store=store, only=only)
    assert sorted(contents([found.path])) == sorted(f"python/{name}" for name in compiled)


def test_members(tmp_path, build_env, store):
    """Bytecode stands where Python looks for it, purelib's included; scripts and data have none."""
    files = {
        "pkg/__init__.py": b"",
        "pkg/data.json": b"{}",
        "example-1.0.data/purelib/more.py": b"",
        "example-1.0.data/scripts/run.py": b"#!python\n",
    }
    made = bytecode_of(wheel(tmp_path, files), build_env=build_env, store=store)
    expected = [f"python/__pycache__/more.{TAG}.pyc", f"python/pkg/__pycache__/__init__.{TAG}.pyc"]
    assert (expected, 2) == (zipfile.ZipFile(made.path).namelist(), made.members)


@pytest.mark.parametrize("only", [False, True])
def test_dots(tmp_path, build_env, store, only):
    """A module with a dot in its name has bytecode of its own, beside that of the module before the dot."""
    files = {"pkg/settings.py": b"", "pkg/settings.local.py": b"", "pkg/x.test.py": b""}
    made = bytecode_of(wheel(tmp_path, files), build_env=build_env, store=store, only=only)
    beside = "python/pkg/settings.pyc" if only else f"python/pkg/__pycache__/settings.{TAG}.pyc"
    dotted = [f"python/pkg/__pycache__/{name}.{TAG}.pyc" for name in ("settings.local", "x.test")]
    assert sorted([beside, *dotted]) == zipfile.ZipFile(made.path).namelist()


def test_attributes(tmp_path, build_env, store):
    """Dates and modes are those that every member of an archive has."""
    made = bytecode_of(wheel(tmp_path, {"x.py": b""}), build_env=build_env, store=store)
    (info,) = zipfile.ZipFile(made.path).infolist()
    assert ((1980, 1, 1, 0, 0, 0), 0o100644) == (info.date_time, info.external_attr >> 16)


def test_compiled_once(tmp_path, build_env, store):
    """What was compiled is not compiled again, and no build environment is opened for it."""
    one = wheel(tmp_path, {"x.py": b"print 1\n", "y.py": b""})
    first = bytecode_of(one, build_env=build_env, store=store)
    assert first == bytecode_of(one, build_env=HereBuildEnv(status=1), store=store)
    assert "python/x.py" == first.skipped[0][0]


def test_one_job(tmp_path, build_env, store):
    """Several wheels are one job, and those that are known are not sent with it."""
    a, b, c = (wheel(tmp_path / name, {f"{name}.py": b""}, name=name) for name in "abc")
    bytecode_of(a, build_env=build_env, store=store)
    made = compile_wheels([a, b, c], open_env=build_env.opened, interpreter=HERE, store=store)
    assert sorted([a.sha256, b.sha256, c.sha256]) == sorted(made)
    assert [[a.sha256], sorted([b.sha256, c.sha256])] == [
        sorted(entry.name for entry in job.tree) for job in build_env.jobs
    ]


def test_same_bytes(tmp_path, build_env):
    """A wheel alone and one among others have the same bytecode."""
    a, b = (wheel(tmp_path / name, {f"{name}.py": b"x = 1"}, name=name) for name in "ab")
    alone = bytecode_of(a, build_env=build_env, store=Store(tmp_path / "one"))
    both = compile_wheels(
        [b, a],
        open_env=build_env.opened,
        interpreter=HERE,
        store=Store(tmp_path / "two"),
    )
    assert alone.sha256 == both[a.sha256].sha256


class Looking(HereBuildEnv):
    """A build environment that keeps in `names` those of what comes to it, one list for each job."""

    def __init__(self):
        super().__init__()
        self.names = []

    def run(self, job, *, into):
        self.names.append([name for entry in job.tree for name in contents([entry.source])])
        return super().run(job, into=into)


def test_what_two_wheels_have_is_compiled_once(tmp_path, store):
    """In one job or in a later one; what does not compile is told of each that has it."""
    build_env = Looking()
    shared = {"x.py": b"x = 1\n", "bad.py": b"print 1\n"}
    a, b, c = (wheel(tmp_path / tag, {**shared, f"{tag}.py": b""}, name=tag) for tag in "abc")
    seen = bytecode.Seen()
    options = {"open_env": build_env.opened, "interpreter": HERE, "store": store, "seen": seen}
    made = compile_wheels([a, b], **options) | compile_wheels([c], **options)

    assert ["python/a.py", "python/b.py", "python/bad.py", "python/x.py"] == sorted(build_env.names[0])
    assert ["python/c.py"] == build_env.names[1]
    for each in (a, b, c):
        alone = bytecode_of(each, build_env=HereBuildEnv(), store=Store(tmp_path / f"alone-{each.filename}"))
        assert (alone.sha256, alone.skipped) == (made[each.sha256].sha256, made[each.sha256].skipped)


def test_its_job_is_no_projects(tmp_path, build_env, store):
    """It may run where a project of any name is built: normalised names have no dot."""
    bytecode_of(wheel(tmp_path, {"x.py": b""}), build_env=build_env, store=store)
    assert [(True, True)] == [(job.bare, "." in job.name) for job in build_env.jobs]


def test_one_path_with_two_sources_is_compiled_twice(tmp_path, build_env, store):
    """What differs by a byte is another module."""
    a, b = (wheel(tmp_path / tag, {"x.py": f"x = '{tag}'\n".encode()}, name=tag) for tag in "ab")
    made = compile_wheels([a, b], open_env=build_env.opened, interpreter=HERE, store=store)
    assert made[a.sha256].sha256 != made[b.sha256].sha256


def test_only_modules_travel(tmp_path, store):
    """What is sent to be compiled holds no library and no data."""
    build_env = Looking()
    bytecode_of(wheel(tmp_path, {"x.py": b"", "big.so": b"\x7fELF" * 99}), build_env=build_env, store=store)
    assert [["python/x.py"]] == build_env.names


def test_nothing_to_compile(tmp_path, build_env, store):
    """A wheel without a module has no bytecode, for which no build environment is opened."""
    made = bytecode_of(wheel(tmp_path, {"pkg/data.json": b"{}"}), build_env=build_env, store=store)
    assert (0, [], []) == (made.members, zipfile.ZipFile(made.path).namelist(), build_env.jobs)


@pytest.mark.parametrize(
    ("same", "other"),
    [
        (True, {"platform": "linux-aarch64", "identity": "beef", "emulated": True}),
        (False, {"version": "3.9.99"}),
    ],
)
def test_key(same, other):
    """Another release of Python is another key; another architecture is the same."""
    keys = {bytecode.key("0" * 64, interpreter=each) for each in (HERE, replace(HERE, **other))}
    assert same == (len(keys) == 1)


def test_key_of_only():
    """Bytecode that replaces sources is kept apart from bytecode beside them."""
    assert bytecode.key("0", interpreter=HERE) != bytecode.key("0", interpreter=HERE, only=True)


def test_damage(tmp_path, build_env, store):
    """Bytecode that the store lost is made again, with the same bytes."""
    one = wheel(tmp_path, {"x.py": b"x = 1"})
    made = bytecode_of(one, build_env=build_env, store=store)
    made.path.chmod(0o644)
    made.path.write_bytes(b"damaged")
    assert made == bytecode_of(one, build_env=build_env, store=Store(store.root))


def test_failure(tmp_path, store):
    """A job that fails is an error that names the wheels."""
    with pytest.raises(BuildError, match=r"example-1\.0-py3-none-any\.whl: cannot be compiled"):
        bytecode_of(wheel(tmp_path, {"x.py": b""}), build_env=HereBuildEnv(status=1), store=store)


def test_archive(tmp_path, build_env, store):
    """An archive with its bytecode imports from that: a source with another content is not looked at."""
    one = wheel(tmp_path, {"pkg/__init__.py": b"x = 'compiled'\n"})
    made = bytecode_of(one, build_env=build_env, store=store)
    target = host_target()
    archive.assemble([one], tmp_path / "layer.zip", target=target, bytecode=[compiled(made.path)])
    root = tmp_path / "opt"
    zipfile.ZipFile(tmp_path / "layer.zip").extractall(root)
    (root / "python/pkg/__init__.py").write_text("x = 'source'\n")
    env = {"PYTHONPATH": str(root / "python"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", "import pkg; print(pkg.x, pkg.__cached__)"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"compiled {root}/python/pkg/__pycache__/__init__.{TAG}.pyc" == done.stdout.strip()


def test_archive_without_sources(tmp_path, build_env, store):
    """Bytecode alone: sources are gone from the archive and from RECORD, what did not compile is there."""
    files = {
        "pkg/__init__.py": b"x = 'compiled'\n",
        "pkg/old.py": b"print 1\n",
        "example-1.0.data/purelib/more.py": b"",
        "example-1.0.data/scripts/run.py": b"",
    }
    one = wheel(tmp_path, files)
    made = bytecode_of(one, build_env=build_env, store=store, only=True)
    archive.assemble([one], tmp_path / "layer.zip", target=host_target(), bytecode=[compiled(made.path)])
    inside = contents([tmp_path / "layer.zip"])
    kept = {"python/pkg/__init__.pyc", "python/pkg/old.py", "python/more.pyc", "python/bin/run.py"}
    record = inside["python/example-1.0.dist-info/RECORD"].decode()
    assert kept == {name for name in inside if ".dist-info/" not in name}
    assert ["bin/run.py", "pkg/old.py"] == sorted(
        line.partition(",")[0] for line in record.splitlines() if ".dist-info/" not in line
    )


@pytest.mark.parametrize(("processors", "jobs"), [(1, 3), (8, 6)])
def test_shares(tmp_path, store, processors, jobs):
    """However many processors there are, each module is compiled in one job, to the same bytes."""
    files = {f"pkg/x{number}.py": b"#" * 1_100_000 + b"\nx = %d\n" % number for number in range(6)}
    one = wheel(tmp_path, files)
    build_env = Looking()
    made = bytecode_of(one, build_env=build_env, store=store, processors=processors)
    names = [name for job in build_env.names for name in job]
    assert ([f"python/{name}" for name in sorted(files)], jobs, 6) == (
        names,
        len(build_env.names),
        made.members,
    )
    other = bytecode_of(one, build_env=HereBuildEnv(), store=Store(tmp_path / "other"), processors=2)
    assert other.sha256 == made.sha256


def test_parts():
    """They become smaller, so that all processors end at about the same time."""
    sizes = [bytecode._ENOUGH // 4] * 400
    parts = [part.stop - part.start for part in bytecode._divided(sizes, 2)]
    assert (100, 4, sorted(parts, reverse=True)) == (parts[0], parts[-2], parts)
    assert [slice(0, 3)] == bytecode._divided([1, 2, 3], 2)
    assert [] == bytecode._divided([], 2)


def test_what_jobs_have_imported_is_what_the_script_imports():
    """It is imported once for all jobs of a container, in a process that those are forks of."""
    tree = ast.parse(script_text("compile"))
    imported = [name.name for node in tree.body if isinstance(node, ast.Import) for name in node.names]

    assert set(bytecode._IMPORTED) == set(imported) - {"os", "sys"}
