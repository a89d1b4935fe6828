"""What must be built again is, and what need not be is not; two runs at once do no harm."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from factories.monorepo import Monorepo, empty

pytestmark = pytest.mark.command

MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
"""
BUILD = "one-python3.11-x86_64"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A workspace of two projects, one of which depends on the other, built once on this host."""
    mono = empty(tmp_path_factory.mktemp("built"))
    mono.env = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    mono.manifest(MANIFEST + '[projects.one]\ninputs = ["../../schemas/*.json"]\nignore = ["notes/"]\n')
    mono.project("one", requires='"two"')
    mono.project("two")
    mono.project("three")
    mono.file("schemas/a.json", "{}")
    mono.file("packages/one/notes/idea.txt", "first")
    time.sleep(2.1)  # so that no file is too young to be known by its status
    ran = mono.run("layers")
    assert ran.status == 0, ran.text
    return mono


@pytest.fixture
def mono(built, tmp_path):
    """A copy of it in another folder, with a copy of its store."""
    shutil.copytree(built.root, tmp_path / "mono")
    shutil.copytree(built.store, tmp_path / "store", ignore=shutil.ignore_patterns("scratch"))
    return Monorepo(root=tmp_path / "mono", store=tmp_path / "store", env=dict(built.env))


def states(ran):
    assert ran.status == 0, ran.text
    lines = [line.split() for line in ran.out.splitlines() if "-python3" in line]
    return {words[0].partition("-python")[0]: words[1] for words in lines}


def edit(mono, name, old, new):
    path = mono.root / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_another_folder_rebuilds_nothing(mono):
    """No absolute path is in a key."""
    assert states(mono.run("layers", "-v")) == {"one": "cached", "two": "cached", "three": "cached"}


def test_a_store_from_another_machine_rebuilds_nothing(mono):
    """It brings blobs and portable records; what is local would be another's."""
    shutil.rmtree(mono.store / "records" / "local")
    shutil.rmtree(mono.store / "engines")

    assert states(mono.run("layers", "-v")) == {"one": "cached", "two": "cached", "three": "cached"}


@pytest.mark.parametrize("damaged", [b"", b"{}", b'{"of": "another version"}'])
def test_damaged_records_are_made_again(mono, damaged):
    """All at once: the run is a slower one, its archives are the same, and the next finds nothing to do."""
    listing = mono.root / "dist" / "layers" / "layers.json"
    before = listing.read_bytes()
    for record in (mono.store / "records").rglob("*.json"):
        record.write_bytes(damaged)

    assert set(states(mono.run("layers", "-v"))) == {"one", "two", "three"}
    assert listing.read_bytes() == before
    assert states(mono.run("layers", "-v")) == {"one": "cached", "two": "cached", "three": "cached"}


def nothing(mono):
    """Change nothing."""


def touched(mono):
    for path in mono.root.rglob("*"):
        os.utime(path)


def with_caches(mono):
    mono.file("packages/one/__pycache__/one.cpython-311.pyc", "stale")
    mono.file("packages/one/build/lib/one.py", "old")
    mono.file("packages/one/one.egg-info/PKG-INFO", "old")
    mono.file("packages/one/.git/HEAD", "ref")


def beside(mono):
    mono.file("README.md", "text")
    mono.file("packages/one/notes/idea.txt", "second")


def reordered(mono):
    text = (mono.root / "layers.toml").read_text()
    mono.manifest("# a comment\n" + text)


@pytest.mark.parametrize("change", [nothing, touched, with_caches, beside, reordered])
def test_what_changes_no_byte_rebuilds_nothing(mono, change):
    """Times, tools' leftovers, files that no build sees, comments."""
    change(mono)

    assert set(states(mono.run("layers", "-v")).values()) == {"cached"}


def edited(mono):
    edit(mono, "packages/two/two.py", "NAME", "OTHER")


def edited_with_its_time_kept(mono):
    path = mono.root / "packages/two/two.py"
    status = path.stat()
    path.write_text(path.read_text().replace("NAME", "EMAN"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def moved_version(mono):
    edit(mono, "packages/two/pyproject.toml", 'version = "1.0"', 'version = "1.1"')


def declared_environment(mono):
    mono.manifest((mono.root / "layers.toml").read_text() + '[projects.two]\nenv = { SOME = "1" }\n')


@pytest.mark.parametrize("change", [edited, edited_with_its_time_kept, moved_version])
def test_a_change_in_a_project_rebuilds_it_and_its_dependents(mono, change):
    """And nothing else."""
    change(mono)

    assert states(mono.run("layers", "-v")) == {"one": "built", "two": "built", "three": "cached"}


def new_file(mono):
    edit(mono, "packages/one/pyproject.toml", 'py-modules = ["one"]', 'py-modules = ["one", "more"]')
    mono.file("packages/one/more.py", "")


def renamed(mono):
    edit(mono, "packages/one/pyproject.toml", 'py-modules = ["one"]', 'py-modules = ["uno"]')
    (mono.root / "packages/one/one.py").rename(mono.root / "packages/one/uno.py")


def without_bytecode(mono):
    edit(mono, "layers.toml", "[projects.one]", "[layers.one]\nbytecode = false\n[projects.one]")


def with_a_requirement(mono):
    edit(
        mono,
        "layers.toml",
        "[projects.one]",
        '[layers.one]\npackages = ["one"]\nrequirements = ["three"]\n[projects.one]',
    )


@pytest.mark.parametrize("change", [new_file, renamed, without_bytecode, with_a_requirement])
def test_a_change_of_one_layer_rebuilds_that_layer(mono, change):
    """Files that come and go, and options of the layer."""
    change(mono)

    assert states(mono.run("layers", "-v")) == {"one": "built", "two": "cached", "three": "cached"}


def test_a_declared_input_is_part_of_the_key(mono):
    """A project is built again for a file outside its folder that it says it reads."""
    mono.run("layers")
    mono.file("schemas/a.json", '{"a": 1}')
    why = mono.run("why", BUILD)

    assert "schemas/a.json changed" in why.out, why.text


def test_a_declared_variable_is_part_of_the_key(mono):
    """What a build is told is in the key."""
    mono.run("layers")
    declared_environment(mono)

    assert "env: SOME is new (6b86b273ff34…)" in mono.run("why", "two-*").out


@pytest.mark.parametrize("damage", ["removed", "altered", "touched"])
def test_an_archive_that_is_gone_or_altered_is_made_again(mono, damage):
    """The same bytes come back."""
    mono.run("layers")
    archive, before = mono.output / f"{BUILD}.zip", mono.hashes()[BUILD]
    content = archive.read_bytes()
    archive.unlink()
    if damage == "altered":
        archive.write_bytes(b"PK" + content[2:-1])
    elif damage == "touched":
        archive.write_bytes(content)
    ran = mono.run("layers", "--verbose")

    assert (states(ran)["one"], mono.hashes()[BUILD]) == (
        "cached" if damage == "touched" else "built",
        before,
    )
    assert archive.read_bytes() == content


def test_altering_an_archive_in_place_is_found_by_hash(mono):
    """Size and time can be kept by somebody who wants to; `--verify-outputs` reads."""
    mono.run("layers")
    archive = mono.output / f"{BUILD}.zip"
    status, content = archive.stat(), bytearray(archive.read_bytes())
    content[40] ^= 1
    archive.chmod(0o644)
    archive.write_bytes(content)
    os.utime(archive, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert states(mono.run("layers", "-v"))["one"] == "cached"
    assert states(mono.run("layers", "--verify-outputs"))["one"] == "built"


def test_a_damaged_stored_wheel_is_built_again_and_said(mono):
    """Nothing damaged is ever used."""
    for blob in (mono.store / "blobs").rglob("*"):
        if blob.is_file():
            blob.chmod(0o644)
            blob.write_bytes(b"damage")
    shutil.rmtree(mono.output)
    before = (mono.root / "layers.lock").read_text()
    ran = mono.run("layers")

    assert set(states(ran).values()) == {"built"}
    assert "is damaged" in ran.err
    assert (mono.root / "layers.lock").read_text() == before


def test_a_run_without_changes_imports_little(mono):
    """Neither an engine's SDK nor HTTP, packaging, TOML or the compressor."""
    mono.run("layers")
    mono.run("layers")
    imported = imports(mono.run("layers", PYTHONPROFILEIMPORTTIME="1"))

    assert "pylayer.commands.runs" in imported
    heavy = {"docker", "boto3", "requests", "packaging", "deflate", "rich", "uv", "tomli", "pylayer.activity"}
    assert not heavy & imported
    assert not {
        name for name in imported if name.startswith(("pylayer.engines", "pylayer.operations.buildruns"))
    }


def test_a_run_that_the_lock_answers_imports_no_resolver(mono):
    """Nor HTTP, which only Docker's SDK needs: an edit asks no index."""
    edited(mono)
    imported = imports(mono.run("layers", "--engine", "local", PYTHONPROFILEIMPORTTIME="1"))

    assert "pylayer.operations.buildruns" in imported
    unwanted = ("requests", "urllib3", "boto3", "pylayer.resolver.resolve", "pylayer.index.web")
    assert [] == [name for name in unwanted if name in imported]


def imports(ran):
    """Name the modules that a run said it imported."""
    lines = ran.err.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def test_two_runs_at_once_both_succeed_with_the_same_bytes(mono):
    """They share the store and the output folder."""
    edited(mono)
    shutil.rmtree(mono.output)
    runs = [mono.start("layers") for _ in range(2)]
    ends = [run.communicate(timeout=300) for run in runs]

    assert [run.returncode for run in runs] == [0, 0], ends
    assert _content(mono) == _entries(mono)


def _content(mono):
    """The sha256 of every archive on disk."""
    import hashlib

    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in mono.output.glob("*.zip")}


def _entries(mono):
    return mono.hashes()
