from __future__ import annotations

import hashlib
import random
import shutil
import stat
import subprocess
import sys
import zipfile

import pytest
from factories.wheels import File, make_zip

from pylayer.errors import ArchiveError, StoreError
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

NOISE = random.Random(7).randbytes(3_500_000)


def write(path, files, *, executable=()):
    """A zip of `files`, each authored here."""
    with Writer(path) as writer:
        for name, content in files.items():
            writer.add(name, content, executable=name in executable)
        return writer.finish()


def copy(source, path):
    """A zip of all that is in `source`."""
    with Zip(source) as archive, Writer(path) as writer:
        for member in archive.members:
            writer.copy(member.name, archive, member, executable=member.executable)
        return writer.finish()


def names_in(folder):
    """The names of what is in `folder`."""
    return sorted(path.name for path in folder.iterdir())


def test_authored_members_read_back(tmp_path):
    """Deflated where that helps, stored where it does not."""
    files = {"text": b"ab" * 1000, "empty": b"", "noise": NOISE[:1000], "dir/é": b"x"}
    write(tmp_path / "a.zip", files)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert files == {name: archive.read(name) for name in archive.namelist()}
        methods = {info.filename: info.compress_type for info in archive.infolist()}
    assert {"text": 8, "empty": 0, "noise": 0, "dir/é": 0} == methods


def test_authored_bytes_are_pinned(tmp_path):
    """The same on every machine and for every release: a layer's hash hangs on it."""
    text = "".join(f"def function_{number}():\n    return {number} * {number}\n\n\n" for number in range(200))
    written = write(
        tmp_path / "a.zip", {"module.py": text.encode(), "run": b"#!/bin/sh\n"}, executable={"run"}
    )
    assert "0a15b4ae1c4d16883590c4b4c054441e132cd5c9eeade0d4f57e0d30bbbb493c" == written.sha256


def test_copied_members_keep_their_compressed_bytes(tmp_path):
    """Not one is inflated, whatever made them."""
    source = make_zip(
        tmp_path / "a.zip",
        {"a": File(content=b"ab" * 999, level=1), "b": File(content=b"cd" * 999, method=0), "c": b""},
    )
    copy(source, tmp_path / "b.zip")
    with Zip(source) as old, Zip(tmp_path / "b.zip") as new:
        assert [old.packed(member) for member in old.members] == [
            new.packed(member) for member in new.members
        ]


@pytest.mark.parametrize("size", [0, 1, (1 << 16) - 1, 1 << 16, (1 << 20) - 1, 1 << 20, 3_500_000])
def test_members_of_any_size_are_written(tmp_path, size):
    """Joined to others, written alone, written in several blocks."""
    files = {"a": b"first", "b": File(content=NOISE[:size], method=0), "c": b"last"}
    source = make_zip(tmp_path / "a.zip", files)
    copy(source, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.testzip() is None
        assert [b"first", NOISE[:size], b"last"] == [archive.read(name) for name in "abc"]


def test_what_is_written_is_told(tmp_path):
    """The hash of the file, without reading it again, and its numbers."""
    source = make_zip(tmp_path / "a.zip", {"a": NOISE, "b": b"123"})
    written = copy(source, tmp_path / "b.zip")
    data = (tmp_path / "b.zip").read_bytes()
    assert hashlib.sha256(data).hexdigest() == written.sha256
    assert (len(data), len(NOISE) + 3, 2) == (written.size, written.unzipped_size, written.members)


def test_dates_modes_and_system_are_fixed(tmp_path):
    """1980-01-01, 0644 or 0755, Unix."""
    write(tmp_path / "a.zip", {"a": b"", "b": b""}, executable={"b"})
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        infos = archive.infolist()
    assert [0o644, 0o755] == [stat.S_IMODE(info.external_attr >> 16) for info in infos]
    assert {((1980, 1, 1, 0, 0, 0), 3, 0)} == {
        (info.date_time, info.create_system, info.flag_bits) for info in infos
    }


@pytest.mark.skipif(not shutil.which("unzip"), reason="unzip is not installed")
def test_more_members_than_16_bits_count(tmp_path):
    """The zip64 end is one that zipfile, unzip and we read."""
    count = 70_000
    with Writer(tmp_path / "a.zip") as writer:
        for number in range(count):
            writer.add(f"{number:05}", b"")
        writer.finish()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, Zip(tmp_path / "a.zip") as ours:
        assert (count, count) == (len(archive.namelist()), len(ours.members))
    subprocess.run(["unzip", "-tqq", tmp_path / "a.zip"], check=True)


def test_the_file_appears_at_the_end_and_replaces_what_was_there(tmp_path):
    """Until then the old one stays."""
    path = tmp_path / "a.zip"
    path.write_bytes(b"old")
    with Writer(path) as writer:
        writer.add("a", b"new")
        assert b"old" == path.read_bytes()
        writer.finish()
    assert ["a.zip"] == names_in(tmp_path)
    assert zipfile.is_zipfile(path)


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path):
    """Whatever ended it: here a second member that cannot be copied."""
    source = make_zip(tmp_path / "odd.whl", {"a": NOISE, "b": NOISE})
    source.write_bytes(b"PK\3\5".join(source.read_bytes().rsplit(b"PK\3\4", 1)))
    folder = tmp_path / "out"
    folder.mkdir()
    with Zip(source) as archive, Writer(folder / "a.zip") as writer:
        first, second = archive.members
        writer.copy("a", archive, first, executable=False)
        with pytest.raises(ArchiveError, match=r"odd\.whl: b: has a local header"):
            writer.copy("b", archive, second, executable=False)
    assert [] == names_in(folder)


def test_a_folder_that_is_not_there_is_an_error_with_a_hint(tmp_path):
    """Not a traceback."""
    with pytest.raises(StoreError, match=r"(?s)missing.a\.zip: cannot be written: No such file.*make room"):
        Writer(tmp_path / "missing" / "a.zip")


FILLS = """
import resource, signal, sys
from pathlib import Path
from pylayer.errors import StoreError
from pylayer.zips.writer import Writer

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
noise = __import__("random").Random(7).randbytes(400_000)
try:
    with Writer(Path(sys.argv[1])) as writer:
        for number in range(10):
            writer.add(str(number), noise)
        writer.finish()
except StoreError as error:
    sys.exit(f"{type(error).__name__} {error}")
"""


@pytest.mark.parametrize("limit", [1000, 1_500_000, 3_900_000])
def test_a_file_that_may_not_grow_leaves_nothing(tmp_path, limit):
    """At the start, in the middle, and at the end."""
    command = [sys.executable, "-c", FILLS, tmp_path / "a.zip", str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"StoreError {tmp_path}/a.zip: cannot be written: File too large" == done.stderr.splitlines()[0]
    assert [] == names_in(tmp_path)


FULL_DISK = """
set -e
mount -t tmpfs -o size=2m tmpfs "$1"
set +e
"$2" -c "$3" "$1/a.zip" 100000000
ls -A "$1"
"""


def test_a_full_disk_leaves_nothing(tmp_path):
    """With what, where and what to do."""
    command = ["unshare", "-m", "sh", "-c", FULL_DISK, "sh", tmp_path, sys.executable, FILLS]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("only root can mount a small disk")
    expected = (
        f"StoreError {tmp_path}/a.zip: cannot be written: No space left on device\n    make room for it"
    )
    assert expected in done.stderr
    assert "" == done.stdout
