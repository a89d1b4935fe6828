"""What an index calls an sdist puts files below one folder, and nothing anywhere else (PEP 706)."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from typing import Any

import pytest
from factories import winding
from factories.winding import WAY

from pylayer.building.unpacking import UnpackingError, unpack

FILE, FOLDER, LINK, HARD = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def tar(folder, *members):
    """A tar of members: a name, a type, and what a file holds, or where a link leads."""
    path = folder / "x-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, kind, *more in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            content = more[0].encode() if more and kind == FILE else b""
            info.linkname = more[0] if more and kind != FILE else ""
            info.size = len(content)
            info.mode = 0o755 if name.endswith(".sh") else 0o644
            archive.addfile(info, io.BytesIO(content))
    return path


def found(folder, *members):
    """What is there once they are unpacked."""
    into = folder / "into"
    into.mkdir()
    unpack(tar(folder, *members), into=into, zipped=False)
    return {
        path.relative_to(into).as_posix(): f"-> {path.readlink()}" if path.is_symlink() else path.read_text()
        for path in into.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_files_folders_and_links_are_there(tmp_path):
    """The later one of a name counts, and a hard link is a file of its own."""
    members = [
        (".", FOLDER),
        ("./x", FOLDER),
        ("x/a/b.txt", FILE, "1"),
        ("x/run.sh", FILE, "2"),
        ("x/link", LINK, "a/b.txt"),
        ("x/away", LINK, "nothing"),
        ("x/hard", HARD, "x/run.sh"),
        ("x/twice", LINK, "run.sh"),
        ("x/twice", FILE, "3"),
        ("x/run.sh", FILE, "4"),
    ]
    assert {
        "x/a/b.txt": "1",
        "x/run.sh": "4",
        "x/link": "-> a/b.txt",
        "x/away": "-> nothing",
        "x/hard": "2",
        "x/twice": "3",
    } == found(tmp_path, *members)
    assert os.access(tmp_path / "into/x/hard", os.X_OK)
    assert not os.access(tmp_path / "into/x/a/b.txt", os.X_OK)


@pytest.mark.parametrize(
    "members",
    [
        [("../victim/new", FILE, "x")],
        [("/victim/new", FILE, "x")],
        [("x/out", LINK, "../../victim"), ("x/out/new", FILE, "x")],
        [("x/out", LINK, "../../victim"), ("x/out/new", LINK, "whatever")],
        [("x/out", LINK, "../../victim")],
        [("x/a", LINK, "."), ("x/out", LINK, "a/../../victim")],
        [("x/out", LINK, "/etc/passwd")],
        [("x/out", HARD, "../victim/file")],
        [("x/out", LINK, "../../victim/file"), ("x/hard", HARD, "x/out"), ("x/hard", FILE, "x")],
        [("x/fifo", tarfile.FIFOTYPE)],
        [("x/device", tarfile.CHRTYPE)],
        [("x", FILE, "x"), ("x/a", FILE, "x")],
        [("x/a/b", FILE, "x"), ("x/a", LINK, "b")],
        [("x/a", HARD, "x/later"), ("x/later", FILE, "x")],
        [("x/a", LINK, "b" * 300)],
    ],
)
def test_what_leads_out_or_is_no_file_is_refused(tmp_path, members):
    """Whichever order its members have."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_text("as it was")
    with pytest.raises((UnpackingError, OSError)):
        found(tmp_path, *members)
    assert {"file": "as it was"} == {path.name: path.read_text() for path in (tmp_path / "victim").iterdir()}


def test_links_that_make_a_path_too_long_lead_nowhere(tmp_path):
    """Releases of Python before June 2025 wrote through these, whatever their filter says of data."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/file").write_text("as it was")
    members: list[tuple[Any, ...]] = [("x", FOLDER)]
    members += [(f"x/{name}", LINK if to else FOLDER, to) for name, to in winding.members()]
    members += [
        ("x/escape", LINK, f"{WAY}/../../victim"),
        ("x/hard", HARD, "x/escape/file"),
        ("x/hard", FILE, "changed"),
        ("x/escape/new", FILE, "new"),
    ]
    for some in (members, members[:-2], members[:-3]):
        folder = tmp_path / str(len(some))
        folder.mkdir()
        (folder / "victim").symlink_to("../victim")
        with pytest.raises((UnpackingError, OSError)):
            found(folder, *some)
    assert {"file": "as it was"} == {path.name: path.read_text() for path in (tmp_path / "victim").iterdir()}


def test_a_bomb_ends_where_its_bounds_end(tmp_path):
    """Of bytes, which are told before they come, and of members, each of which takes some."""
    two = ("x/a", FILE, "a" * (1 << 19)), ("x/b", FILE, "b" * (1 << 19))
    many = [(f"x/{number}", FILE, "") for number in range(257)]
    for members in (two, many):
        path = tar(tmp_path, *members)
        with pytest.raises(UnpackingError, match="comes to more than"):
            unpack(path, into=tmp_path / "into", zipped=False, most=1 << 20)
        assert not (tmp_path / "into" / members[-1][0]).exists()
        unpack(path, into=tmp_path / "into", zipped=False)


@pytest.mark.parametrize("name", ["../victim", "/victim", "x/../../victim"])
def test_a_zip_is_held_to_the_same(tmp_path, name):
    """As sdists of old were."""
    path = tmp_path / "x-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/a.txt", "1")
    unpack(path, into=tmp_path / "into", zipped=True)
    assert "1" == (tmp_path / "into/x/a.txt").read_text()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "2")
    with pytest.raises(UnpackingError):
        unpack(path, into=tmp_path / "into", zipped=True)
    assert not (tmp_path / "victim").exists()
