"""Files that several distributions give, and whose are taken."""

from __future__ import annotations

import csv
import zipfile
from dataclasses import replace

import pytest
from factories.layers import compiled, found, target
from factories.wheels import make_wheel, make_zip

from pylayer import wheels
from pylayer.archives.recipes import Recipe, assemble
from pylayer.checks import LayerArchive
from pylayer.errors import ArchiveError
from pylayer.store import Store

INIT, TEST = "ns/__init__.py", "tests/test_a.py"


def cached(path):
    """Where the bytecode of a module is."""
    folder, _, name = path.rpartition("/")
    return f"python/{folder}/__pycache__/{name.removesuffix('.py')}.cpython-313.pyc"


@pytest.fixture
def recipe(tmp_path):
    """Three distributions that share a package and a folder of tests, each with bytecode."""
    read, companions = [], []
    for name in ("one", "two", "three"):
        files = {INIT: f"N = '{name}'\n".encode(), f"ns/{name}.py": b"", TEST: name[:2].encode()}
        read.append(wheels.read(make_wheel(tmp_path, files, name=name)))
        code = {cached(path): f"code of {name}".encode() for path in (INIT, TEST)}
        path = make_zip(tmp_path / f"{name}.zip", {**code, cached(f"ns/{name}.py"): b"code"})
        companions.append(compiled(path, name))
    return Recipe(target=target(), wheels=tuple(read), compiled=tuple(companions))


@pytest.fixture
def made(tmp_path, recipe):
    """The archive with some preferences and patterns: its members, the rows of RECORDs, and what is told."""

    def made(*prefer, drop=()):
        wanted = replace(recipe, prefer=prefer, drop=drop)
        done = assemble(wanted, tmp_path / "layer.zip", store=Store(tmp_path / "store"))
        with zipfile.ZipFile(done.archive.path) as file:
            members = {name: file.read(name) for name in file.namelist()}
        records = {
            name.partition("-")[0].removeprefix("python/"): [
                row[0] for row in csv.reader(text.decode().splitlines())
            ]
            for name, text in members.items()
            if name.endswith("/RECORD")
        }
        return members, records, list(done.notes)

    return made


def test_the_preferred_ones_file_is_taken_with_its_bytecode(made):
    """The others' RECORDs do not list what is not theirs any more; a line tells."""
    members, records, notes = made((INIT, "two"), ("tests/", "three"))
    assert (b"N = 'two'\n", b"code of two") == (members[f"python/{INIT}"], members[cached(INIT)])
    assert (b"th", b"code of three") == (members[f"python/{TEST}"], members[cached(TEST)])
    assert {"one": (False, False), "two": (True, False), "three": (False, True)} == {
        name: (INIT in rows, TEST in rows) for name, rows in records.items()
    }
    assert {"python/ns/one.py", cached("ns/one.py"), "python/ns/three.py"} <= members.keys()
    assert [
        "prefer takes ns/__init__.py from two, not from one and three",
        "prefer takes tests/test_a.py from three, not from one and two",
    ] == notes


def test_what_was_settled_is_no_problem(tmp_path, made, recipe):
    """The archive's own checks look at RECORDs."""
    made(("ns/", "two"), ("tests/", "two"))
    layer = LayerArchive(layer="layer", path=tmp_path / "layer.zip", wheels=recipe.wheels)
    assert [] == [problem for problem in found(layer) if problem[1] == "twice"]


def test_the_last_pattern_that_matches_counts(made):
    """As in a .gitignore."""
    members, _, _ = made(("**", "one"), (TEST, "two"))
    assert (b"N = 'one'\n", b"tw") == (members[f"python/{INIT}"], members[f"python/{TEST}"])


def test_what_is_dropped_is_not_in_question(made):
    """Nothing has to be preferred of it."""
    members, _, notes = made((INIT, "one"), drop=("tests/",))
    assert f"python/{TEST}" not in members
    assert "prefer takes ns/__init__.py from one, not from three and two" in notes


def test_what_is_left_is_told_by_the_wheels_names(made):
    """Each file once: bytecode goes with its source. The hint can be copied."""
    with pytest.raises(ArchiveError) as caught:
        made()
    names = " and ".join(f"{name}-1.0-py3-none-any.whl" for name in ("one", "three", "two"))
    assert [(f"python/{path}", f"{names} put different files there") for path in (INIT, TEST)] == [
        (fault.where, fault.what) for fault in caught.value.faults
    ]
    assert ["", True] == [fault.hint and "prefer = " in fault.hint for fault in caught.value.faults]
    with pytest.raises(ArchiveError) as caught:
        made((INIT, "one"))
    (fault,) = caught.value.faults
    assert f'prefer = {{ "{TEST}" = "one" }}' in fault.hint


def test_one_that_gives_no_such_file_cannot_be_preferred(made):
    """All of them are told at once."""
    with pytest.raises(ArchiveError) as caught:
        made((INIT, "four"), ("tests/", "five"))
    assert [
        (f"python/{INIT}", "four is preferred, but has no such file"),
        (f"python/{TEST}", "five is preferred, but has no such file"),
    ] == [(fault.where, fault.what) for fault in caught.value.faults]


def test_a_preference_that_settles_nothing_is_told(made):
    """Perhaps a new version of one of them has settled it."""
    *_, notes = made(("**", "one"), ("gone/", "two"))
    assert 'prefer has no effect for "gone/"' == notes[-1]


def test_bytecode_in_place_of_sources_is_settled_too(tmp_path, recipe):
    """What one of them could not compile stays as its source."""
    companions = [
        compiled(make_zip(tmp_path / f"{name}-only.zip", {"python/ns/__init__.pyc": name.encode()}), name)
        for name in ("one", "two")
    ]
    recipe = replace(recipe, compiled=tuple(companions), only_bytecode=True, drop=("tests/",))
    for name, expected in (("two", {"python/ns/__init__.pyc"}), ("three", {"python/ns/__init__.py"})):
        done = assemble(
            replace(recipe, prefer=((INIT, name),)),
            tmp_path / f"{name}.out.zip",
            store=Store(tmp_path / "store"),
        )
        with zipfile.ZipFile(done.archive.path) as file:
            found = {member for member in file.namelist() if member.startswith("python/ns/__init__")}
            assert expected == found
            assert name.encode() in file.read(min(found))


@pytest.mark.parametrize("prefer", [(), ((TEST, "two"),)])
def test_what_is_alike_is_taken_from_one(tmp_path, recipe, prefer):
    """As the files that declare a namespace, with its bytecode; nobody has to say whose."""
    declared = b"__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    read = []
    for name in ("one", "two", "three"):
        files = {INIT: declared + f"# {name}\n".encode(), TEST: f"N = '{name}'".encode()}
        read.append(wheels.read(make_wheel(tmp_path, files, name=name)))
    wanted = replace(recipe, wheels=tuple(read), prefer=prefer, drop=() if prefer else ("tests/",))
    done = assemble(wanted, tmp_path / "layer.zip", store=Store(tmp_path / "store"))
    with zipfile.ZipFile(done.archive.path) as file:
        taken = file.read(f"python/{INIT}"), file.read(cached(INIT))
        lists = [INIT in file.read(f"python/{name}-1.0.dist-info/RECORD").decode() for name in ("one", "two")]
    assert (declared + b"# one\n", b"code of one") == taken
    assert [True, False] == lists
    layer = LayerArchive(layer="layer", path=tmp_path / "layer.zip", wheels=wanted.wheels)
    assert not {"twice", "record"}.intersection(kind for _, kind, _, _ in found(layer))


def test_what_differs_besides_is_told_alone(tmp_path, recipe):
    """Of what is alike nothing has to be said."""
    read = [
        wheels.read(make_wheel(tmp_path, {INIT: f"# {name}".encode(), TEST: name.encode()}, name=name))
        for name in ("one", "two")
    ]
    wanted = replace(recipe, wheels=tuple(read), compiled=())
    with pytest.raises(ArchiveError) as caught:
        assemble(wanted, tmp_path / "layer.zip", store=Store(tmp_path / "store"))
    assert [f"python/{TEST}"] == [fault.where for fault in caught.value.faults]
