"""What of a folder a build can see, and its digest."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import time
from pathlib import Path

import pytest

from pylayer.errors import ManifestError, StoreError
from pylayer.monorepo.trees import FileHashes, TreeEntry, contents, digest, leaving, walk
from pylayer.store import Store

HOUR_NS = 3600 * 10**9
KEY = "0f" * 32


def project(root, **extra):
    """Write a small project; `extra` are more files, `__` in their names read as a slash."""
    files = {"pyproject.toml": "[project]\n", "src/lib/__init__.py": "", "src/lib/run.sh": "echo\n", **extra}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "src/lib/run.sh").chmod(0o755)
    return root


def names(root, **options):
    """List the names that a walk gives."""
    return [entry.name for entry in walk(root, **options)]


def look(root):
    """Give the digest of a project as it is."""
    return digest(walk(root))


OWN = ["pyproject.toml", "src/lib/__init__.py", "src/lib/run.sh"]


def later():
    """Tell a time at which every file there is now has settled."""
    return time.time_ns() + HOUR_NS


def test_a_walk_lists_files_sorted_with_their_executable_bits(tmp_path):
    """Names are relative and posix, an owner's executable bit is kept."""
    entries = walk(project(tmp_path))
    assert [(entry.name, entry.executable) for entry in entries] == [
        ("pyproject.toml", False),
        ("src/lib/__init__.py", False),
        ("src/lib/run.sh", True),
    ]
    assert [entry.source for entry in entries] == [tmp_path / name for name in OWN]


@pytest.mark.parametrize(
    "left",
    [
        ".git/HEAD",
        "src/lib/__pycache__/a.pyc",
        ".venv/pyvenv.cfg",
        "env/with/pyvenv.cfg",
        "cache/CACHEDIR.TAG",
        ".eggs/x/y.py",
        "build/lib/a.py",
        "dist/a.whl",
        "lib.egg-info/PKG-INFO",
    ],
)
def test_what_no_wheel_has_is_no_source(tmp_path, left):
    """It does not change the digest, and no build gets it."""
    before = look(project(tmp_path))
    marked = (tmp_path / left).parent
    project(tmp_path, **{left: "x"})
    (marked / "more").write_text("x")
    assert look(tmp_path) == before


@pytest.mark.parametrize(
    ("left", "top"),
    [
        ("src/lib/node_modules/x/index.js", "src/lib/node_modules"),
        (".idea/workspace.xml", ".idea"),
        (".coverage.host.1", ".coverage.host.1"),
        ("src/lib/.a.py.swp", "src/lib/.a.py.swp"),
        ("src/lib/coverage.py", ""),
        ("src/lib/idea/x", ""),
    ],
)
def test_what_tools_leave_is_there_and_known_as_such(tmp_path, left, top):
    """It may be package data: a build sees it, and its backend decides."""
    assert left in names(project(tmp_path, **{left: "x"}))
    assert leaving(left) == top


def test_a_package_called_build_is_no_output(tmp_path):
    """As pypa's own is."""
    found = names(
        project(tmp_path, **{"build/__init__.py": "", "build/env.py": "", "dist/lib/__init__.py": ""})
    )
    assert found == [*sorted(["build/__init__.py", "build/env.py", *OWN])]


def test_a_worktree_has_a_file_for_git(tmp_path):
    """`.git` is left out whether it is a folder or a file."""
    assert names(project(tmp_path, **{".git": "gitdir: elsewhere"})) == OWN


@pytest.mark.parametrize(
    "kept", ["src/build/a.py", "src/dist/b.py", "src/x.egg-info/c", "build.py", "dist.txt"]
)
def test_outputs_are_left_at_the_root_alone(tmp_path, kept):
    """A package may be called `build`."""
    assert kept in names(project(tmp_path, **{kept: ""}))


def test_a_file_called_build_is_a_source(tmp_path):
    """Only folders are outputs."""
    assert "build" in names(project(tmp_path, build="#!/bin/sh"))


def test_a_file_that_git_ignores_is_a_source(tmp_path):
    """Generated code is often ignored, and needed."""
    project(tmp_path, **{".gitignore": "*_pb2.py", "src/lib/api_pb2.py": "x = 1"})
    assert "src/lib/api_pb2.py" in names(tmp_path)


def test_ignore_takes_more_away(tmp_path):
    """Patterns match folders and files."""
    project(tmp_path, **{"notebooks/a.ipynb": "", "src/lib/b.ipynb": "", "keep.txt": ""})
    assert names(tmp_path, ignore=["notebooks/", "*.ipynb"]) == ["keep.txt", *OWN]


def test_a_link_out_of_the_project_comes_as_what_it_leads_to(tmp_path):
    """Files and folders behind links are in the tree as files."""
    project(tmp_path / "other", **{"data/a.json": "1"})
    root = project(tmp_path / "own")
    (root / "data").symlink_to("../other/data")
    (root / "one.json").symlink_to(tmp_path / "other/data/a.json")
    found = {entry.name: entry.source for entry in walk(root, within=tmp_path)}
    assert [name for name in found if name not in OWN] == ["data/a.json", "one.json"]
    source = found["one.json"]
    assert isinstance(source, Path)
    assert source.read_text() == "1"


def test_a_link_and_a_copy_have_one_digest(tmp_path):
    """What the build sees is the same."""
    linked, copied = project(tmp_path / "a"), project(tmp_path / "b", **{"x.txt": "x"})
    (tmp_path / "x.txt").write_text("x")
    (linked / "x.txt").symlink_to(tmp_path / "x.txt")
    assert digest(walk(linked, within=tmp_path)) == look(copied)


def test_where_a_link_leads_is_in_the_digest(tmp_path):
    """A backend may look at that; another link to the same content is another tree."""
    (tmp_path / "a").write_text("1")
    entries = [
        TreeEntry(name="x", source=tmp_path / "a", link=link) for link in ("", "a", "../links/elsewhere/a")
    ]
    assert 3 == len({digest([entry]) for entry in entries})


def test_a_link_within_the_project_is_followed(tmp_path):
    """Two names for one folder are two folders to a build."""
    root = project(tmp_path)
    (root / "also").symlink_to("src/lib")
    assert names(root) == ["also/__init__.py", "also/run.sh", *OWN]


@pytest.mark.parametrize("target", [".", "..", "../..", "src"])
def test_a_loop_of_links_is_refused_by_name(tmp_path, target):
    """A folder inside of itself, or of what is above it, has no end."""
    root = project(tmp_path / "repository/own")
    (root / "src/again").symlink_to(root / target)
    with pytest.raises(ManifestError, match="is a symbolic link to a folder that holds it") as caught:
        walk(root, within=tmp_path)
    assert caught.value.faults[0].where == str(root / "src/again")


def test_two_links_in_a_circle_are_refused(tmp_path):
    """The circle is found where it closes."""
    root = project(tmp_path / "own", **{"a/x": "", "b/x": ""})
    (root / "a/to_b").symlink_to("../b")
    (root / "b/to_a").symlink_to("../a")
    with pytest.raises(ManifestError, match="holds it"):
        walk(root)


def test_a_link_to_itself_is_refused(tmp_path):
    """The system's own words tell."""
    root = project(tmp_path)
    (root / "me").symlink_to("me")
    with pytest.raises(ManifestError) as caught:
        walk(root)
    assert caught.value.faults[0].where == str(root / "me")


def test_a_loop_can_be_ignored(tmp_path):
    """The hint of the error works."""
    root = project(tmp_path)
    (root / "again").symlink_to(".")
    (root / "me").symlink_to("me")
    assert names(root, ignore=["/again", "me"]) == OWN


def test_what_is_no_file_is_left(tmp_path, monkeypatch):
    """Sockets, pipes and dangling links are nothing that a build reads."""
    root = project(tmp_path)
    (root / "dangling").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    monkeypatch.chdir(root)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert names(root) == OWN


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    """Nothing is not an empty tree."""
    with pytest.raises(ManifestError, match="cannot be read"):
        walk(tmp_path / "gone")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "pyproject.toml").write_text("[project] \n"),
        lambda root: (root / "src/lib/__init__.py").chmod(0o755),
        lambda root: (root / "src/lib/run.sh").rename(root / "src/lib/go.sh"),
        lambda root: (root / "src/lib/new.py").write_text(""),
        lambda root: (root / "src/lib/__init__.py").unlink(),
    ],
    ids=["content", "executable", "renamed", "added", "removed"],
)
def test_a_change_that_a_build_sees_changes_the_digest(tmp_path, change):
    """Contents, executable bits and names count."""
    before = look(project(tmp_path))
    change(tmp_path)
    assert look(tmp_path) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda root: os.utime(root / "pyproject.toml", (1, 1)),
        lambda root: (root / "pyproject.toml").chmod(0o600),
        lambda root: (root / "src/empty").mkdir(),
        lambda root: (root / "pyproject.toml").write_text("[project]\n"),
    ],
    ids=["times", "readable by whom", "empty folder", "written again"],
)
def test_a_change_that_no_build_sees_leaves_the_digest(tmp_path, change):
    """Times and other permissions do not count."""
    before = look(project(tmp_path))
    change(tmp_path)
    assert look(tmp_path) == before


def test_another_folder_has_the_same_digest(tmp_path):
    """No absolute path is in it."""
    root = project(tmp_path / "here")
    shutil.copytree(root, tmp_path / "far/away")
    assert look(tmp_path / "far/away") == look(root)


def test_a_digest_cannot_be_had_by_moving_bytes_between_names():
    """Where a name ends and a content begins is in the digest."""
    one = [TreeEntry(name="a", source=b"bc"), TreeEntry(name="d", source=b"")]
    other = [TreeEntry(name="ab", source=b"c"), TreeEntry(name="d", source=b"")]
    assert digest(one) != digest(other)


def test_the_order_of_entries_does_not_count(tmp_path):
    """A digest is of a set of files."""
    entries = walk(project(tmp_path))
    assert digest(reversed(entries)) == digest(entries)


def test_a_digest_is_made_of_contents_that_can_be_compared(tmp_path):
    """Which file changed can be told from two of them."""
    empty = hashlib.sha256(b"").hexdigest()
    echo = hashlib.sha256(b"echo\n").hexdigest()
    found = contents(walk(project(tmp_path), ignore=["/pyproject.toml"]))
    assert found == {"src/lib/__init__.py": empty, "src/lib/run.sh": f"{echo} x"}


def test_bytes_in_memory_and_on_disk_have_one_digest(tmp_path):
    """Where a content comes from does not count."""
    (tmp_path / "a").write_bytes(b"x")
    assert digest([TreeEntry(name="a", source=b"x")]) == digest(walk(tmp_path))


def test_a_file_that_vanished_is_an_error_with_its_name(tmp_path):
    """Somebody works in the tree while it is read."""
    entries = walk(project(tmp_path))
    (tmp_path / "pyproject.toml").unlink()
    with pytest.raises(ManifestError) as caught:
        digest(entries)
    assert caught.value.faults[0].where == str(tmp_path / "pyproject.toml")


def test_an_index_spares_reading(tmp_path):
    """A file that looks as it did is not opened again."""
    file = tmp_path / "tree/a"
    project(tmp_path / "tree", a="x")
    index = FileHashes(clock=later)
    before = digest(walk(tmp_path / "tree"), index)
    file.chmod(0o644)
    status = file.stat()
    digest(walk(tmp_path / "tree"), index)
    known = index.sha256(file, status=status)
    file.unlink()
    assert index.sha256(file, status=status) == known
    assert before


def test_an_index_sees_a_change_of_size_or_time(tmp_path):
    """A second look with another status reads."""
    root = project(tmp_path)
    index = FileHashes(clock=later)
    before = digest(walk(root), index)
    (root / "pyproject.toml").write_text("[project] # more\n")
    assert digest(walk(root), index) != before


def test_an_index_sees_a_change_that_hides_its_time(tmp_path):
    """Same size, same inode, mtime put back: the time of the change of status tells."""
    root = project(tmp_path)
    file = root / "pyproject.toml"
    index = FileHashes(clock=later)
    before, status = digest(walk(root), index), file.stat()
    time.sleep(0.05)  # past the resolution of the clock that stamps files
    file.write_text("[PROJECT]\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_mtime_ns == status.st_mtime_ns
    assert digest(walk(root), index) != before


def kept(store):
    """The record of an index, as text."""
    (place,) = (store.root / "records/local/hashes").iterdir()
    return place


def test_a_file_as_young_as_the_look_at_it_is_not_trusted(tmp_path, store):
    """Written again within one tick of the clock it would look the same."""
    index = FileHashes.load(store, KEY)
    digest(walk(project(tmp_path / "tree")), index)
    index.save()
    assert store.usage().records == 0


def test_a_file_from_the_future_is_not_trusted(tmp_path, store):
    """Clocks of a file server may be ahead."""
    root = project(tmp_path / "tree", a="x")
    ahead = time.time_ns() + 2 * HOUR_NS
    os.utime(root / "a", ns=(ahead, ahead))
    index = FileHashes.load(store, KEY, clock=later)
    digest(walk(root), index)
    index.save()
    assert str(root / "a") not in kept(store).read_text()


def test_an_index_is_kept_between_runs(tmp_path, store):
    """What one process read the next one knows; another workspace does not."""
    root = project(tmp_path / "tree")
    index = FileHashes.load(store, KEY, clock=later)
    before, entries = digest(walk(root), index), walk(root)
    index.save()
    shutil.rmtree(root)
    assert digest(entries, FileHashes.load(store, KEY, clock=later)) == before
    with pytest.raises(ManifestError):
        digest(entries, FileHashes.load(store, "another", clock=later))


def test_an_index_without_news_is_not_written(tmp_path, store):
    """A run without changes writes nothing."""
    root = project(tmp_path / "tree")
    for _ in range(2):
        index = FileHashes.load(store, KEY, clock=later)
        digest(walk(root), index)
        index.save()
        kept(store).write_text(kept(store).read_text() + " ")
    assert kept(store).read_text().endswith("}  ")


def test_an_index_forgets_files_that_are_gone(tmp_path, store):
    """It does not grow for ever; what this run did not look at, but is there, stays."""
    first, second = project(tmp_path / "first"), project(tmp_path / "second")
    index = FileHashes.load(store, KEY, clock=later)
    digest([*walk(first), *walk(second)], index)
    index.save()
    shutil.rmtree(first)
    (second / "new").write_text("")
    index = FileHashes.load(store, KEY, clock=later)
    digest(walk(second, ignore=["src/"]), index)
    index.save()
    text = kept(store).read_text()
    assert str(first) not in text
    assert str(second / "src/lib/run.sh") in text


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", '{"files": {"a": [1]}}', '{"files": {"a": [1, 2, 3, 4, "5"]}}', "\x00"]
)
def test_a_damaged_index_is_an_empty_one(tmp_path, store, damaged):
    """It is a cache: everything is read again."""
    root = project(tmp_path / "tree")
    index = FileHashes.load(store, KEY, clock=later)
    digest(walk(root), index)
    index.save()
    kept(store).write_text(damaged)
    assert digest(walk(root), FileHashes.load(store, KEY)) == look(root)


def test_an_index_that_cannot_be_written_says_so(tmp_path):
    """A file where a folder should be, say."""
    (tmp_path / "file").write_text("")
    index = FileHashes.load(Store(tmp_path / "file/store"), KEY, clock=later)
    digest(walk(project(tmp_path / "tree")), index)
    with pytest.raises(StoreError, match="cannot be written"):
        index.save()


def test_names_that_are_not_utf_8_are_names(tmp_path, store):
    """On Linux a name is bytes."""
    root = project(tmp_path / "tree")
    try:
        Path(os.fsdecode(os.fsencode(root) + b"/\xff.txt")).write_text("x")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    index = FileHashes.load(store, KEY, clock=later)
    before = digest(walk(root), index)
    index.save()
    assert digest(walk(root), FileHashes.load(store, KEY, clock=later)) == before
