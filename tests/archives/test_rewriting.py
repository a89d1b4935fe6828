"""Some members of a wheel, written anew."""

from __future__ import annotations

import zipfile

import pytest
from factories.wheels import File, make_wheel

from pylayer import wheels
from pylayer.archives.rewriting import rewrite
from pylayer.recordfile import hash_and_size

RECORD = "example-1.0.dist-info/RECORD"


@pytest.fixture
def pair(tmp_path):
    """A wheel, and the path of what becomes of it with another `b.so`."""
    files = {
        "a.py": File(content=b"a" * 999, level=1),
        "b.so": File(content=b"b" * 999, mode=0o100755),
        f"{RECORD}.jws": b"{}",
    }
    wheel = wheels.read(make_wheel(tmp_path, files))
    rewrite(wheel, {"b.so": b"b" * 9}, tmp_path / "new")
    return wheel, tmp_path / "new"


def test_what_is_not_changed_is_copied_as_it_is_compressed(pair):
    """Recompressing would cost time and change bytes for nothing."""
    with zipfile.ZipFile(pair[0].path) as old, zipfile.ZipFile(pair[1]) as new:
        assert old.getinfo("a.py").compress_size == new.getinfo("a.py").compress_size
        assert (b"b" * 9, 0o755) == (new.read("b.so"), new.getinfo("b.so").external_attr >> 16 & 0o777)


def test_record_tells_the_new_hash_and_no_signature_remains(pair):
    """What signed the old one signs no other."""
    with zipfile.ZipFile(pair[1]) as new:
        rows = dict(row.split(",", 1) for row in new.read(RECORD).decode().splitlines())
        assert set(rows) == set(new.namelist())
    assert ",".join(hash_and_size(b"b" * 9)) == rows["b.so"]


def test_the_result_is_a_wheel_like_the_one_before(pair, tmp_path):
    """The same every time."""
    wheel, path = pair
    assert wheel.metadata == wheels.read(path, filename=wheel.filename).metadata
    rewrite(wheel, {"b.so": b"b" * 9}, tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "again").read_bytes()
