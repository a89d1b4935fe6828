"""Members whose bytes are not what their zip says."""

from __future__ import annotations

import zipfile
import zlib

import pytest
from factories.wheels import File, make_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from pylayer.recordfile import hash_and_size
from pylayer.zips import integrity
from pylayer.zips.format import end, headers
from pylayer.zips.reader import Zip

TEXT = b"the quick brown fox jumps over the lazy dog\n" * 300
LARGE = bytes((1 << 26) + 1)
DAMAGED = "is damaged: it has not the size and CRC-32 that it should"


def wrong(path, **hashes):
    """What is wrong, by member."""
    with Zip(path) as archive:
        found = integrity.wrong(archive, archive.members, hashes=hashes)
        return {member.name: what for what, member in found}


def zip_of(path, packed, *, size, crc, method=8):
    """A zip of one member `a`, whose headers say what they are told."""
    local, central = headers("a", method, (crc, len(packed), size), offset=0, executable=False)
    body = local + packed
    path.write_bytes(body + central + end(1, len(central), len(body)))
    return path


@pytest.mark.parametrize("content", [TEXT, LARGE])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_sound_zip_has_nothing_wrong(tmp_path, content, method):
    """Of whichever size."""
    files = {"a": File(content=content, method=method), "empty": File(method=method)}
    assert {} == wrong(make_zip(tmp_path / "a.zip", files), a=hash_and_size(content)[0])


@pytest.mark.parametrize("content", [TEXT, LARGE])
@pytest.mark.parametrize(
    ("more", "crc", "cut"), [(0, 1, 0), (1, 0, 0), (-1, 0, 0), (0, 0, 5), (-len(TEXT), 0, 0)]
)
def test_what_is_not_of_its_size_and_checksum_is_damaged(tmp_path, content, more, crc, cut):
    """Or is cut short."""
    packed = zlib.compress(content, wbits=-15)
    packed = packed[: len(packed) - cut]
    size, crc = len(content) + more, zlib.crc32(content) ^ crc
    assert {"a": DAMAGED} == wrong(zip_of(tmp_path / "a.zip", packed, size=size, crc=crc))


@pytest.mark.parametrize(("packed", "size"), [(b"\xff" * 30, 1000), (b"", 0), (b"", 1)])
def test_what_cannot_be_decompressed_is_damaged(tmp_path, packed, size):
    """An empty member has an end too."""
    assert {"a": DAMAGED} == wrong(zip_of(tmp_path / "a.zip", packed, size=size, crc=0))


def test_a_bomb_ends_where_its_size_ends(tmp_path):
    """It may say that it is empty, and hold a quarter of a gigabyte."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1 << 8)) + packer.flush()
    assert {"a": DAMAGED} == wrong(zip_of(tmp_path / "a.zip", packed, size=0, crc=0))


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_hash_of_record_is_held_to(tmp_path, algorithm):
    """By the algorithm that it names."""
    path = make_zip(tmp_path / "a.zip", {"a": TEXT})
    what = f"is not the file that the wheel's RECORD lists: its {algorithm} differs"
    assert {"a": what} == wrong(path, a=f"{algorithm}=AAAA")


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 400), change=st.integers(1, 255))
def test_no_changed_byte_of_a_member_passes(tmp_path_factory, position, change):
    """What passes here, zipfile reads to the same bytes."""
    path = zip_of(
        tmp_path_factory.mktemp("zip") / "a.zip",
        zlib.compress(TEXT, wbits=-15),
        size=len(TEXT),
        crc=zlib.crc32(TEXT),
    )
    data = bytearray(path.read_bytes())
    start = 31  # after the local header and its name
    place = start + position % (len(zlib.compress(TEXT, wbits=-15)))
    data[place] ^= change
    path.write_bytes(bytes(data))
    if not wrong(path):
        with zipfile.ZipFile(path) as archive:
            assert archive.read("a") == TEXT
