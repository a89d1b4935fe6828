from __future__ import annotations

import hashlib
import io
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from factories.wheels import File, make_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from pylayer.errors import ArchiveError, StoreError
from pylayer.zips.format import end, headers
from pylayer.zips.reader import Zip

METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
FILES = st.dictionaries(
    st.text("abcé", min_size=1, max_size=4).map(lambda name: f"pkg/{name}"),
    st.builds(File, content=st.binary(max_size=3000), method=METHODS, level=st.sampled_from([0, 1, 9])),
    max_size=6,
)
TEXT = b"the quick brown fox jumps over the lazy dog\n" * 300


class OneWay(io.RawIOBase):
    """A pipe in a file's place: zipfile writes data descriptors into what cannot seek."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def streamed_zip(path, files):
    """A zip in which sizes and checksums follow the members."""
    pipe = OneWay()
    with zipfile.ZipFile(pipe, "w") as archive:
        for name, file in files.items():
            archive.writestr(name, file.content, file.method)
    path.write_bytes(bytes(pipe.data))
    return path


def edited(path, old, new, *, count=-1):
    """The file at `path` with `old` bytes made `new` ones."""
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, count))
    return path


def contents(path):
    """What Zip reads, by name."""
    with Zip(path) as archive:
        return {member.name: archive.content(member) for member in archive.members}


@pytest.mark.parametrize("make", [make_zip, streamed_zip])
@given(files=FILES)
@settings(max_examples=40, deadline=None)
def test_contents_are_what_zipfile_wrote(tmp_path_factory, make, files):
    """Stored or deflated, with data descriptors or without, empty, or named in any language."""
    path = make(tmp_path_factory.mktemp("zip") / "a.zip", files)
    assert {name: file.content for name, file in files.items()} == contents(path)


@given(files=FILES, length=st.integers(1, 4000))
@settings(max_examples=60, deadline=None)
def test_head_is_where_content_begins(tmp_path_factory, files, length):
    """Of each member, as many bytes as there are."""
    path = make_zip(tmp_path_factory.mktemp("zip") / "a.zip", files)
    with Zip(path) as archive:
        heads = {member.name: archive.head(member, length) for member in archive.members}
    assert {name: file.content[:length] for name, file in files.items()} == heads


def test_head_gets_past_empty_blocks(tmp_path):
    """A deflated member may begin with more empty blocks than a head reads."""
    packed = b"\x00\x00\x00\xff\xff" * 500 + zlib.compress(b"hello", wbits=-15)
    local, central = headers("a", 8, (zlib.crc32(b"hello"), len(packed), 5), offset=0, executable=False)
    body = local + packed
    (tmp_path / "a.zip").write_bytes(body + central + end(1, len(central), len(body)))
    with Zip(tmp_path / "a.zip") as archive:
        assert b"hel" == archive.head(archive.members[0], 3)


def test_members_of_extra_fields_of_any_length_are_found(tmp_path):
    """Local headers say for themselves where the data begins."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, extra in enumerate([b"", b"UT\x05\x00\x03abcd", b"", b"\xfe\xca\x00\x00"]):
            info = zipfile.ZipInfo(f"{number}")
            info.extra = extra
            archive.writestr(info, f"content {number}")
    assert {f"{number}": b"content %d" % number for number in range(4)} == contents(path)


def test_folders_are_left_out_and_a_comment_changes_nothing(tmp_path):
    """Only files are members."""
    path = make_zip(tmp_path / "a.zip", {"a/": b"", "a/b": b"1", "c/": b""})
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"PK\x05\x06 in a comment"[5:]
    assert {"a/b": b"1"} == contents(path)


def test_names_in_the_old_code_page_are_read_as_zipfile_reads_them(tmp_path):
    """Without the flag for UTF-8, bytes above 127 are code page 437."""
    path = edited(make_zip(tmp_path / "a.zip", {"xyz": b"1"}), b"xyz", b"x\x81z")
    assert {"xüz": b"1"} == contents(path)


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_small_and_large_files_are_read_alike(tmp_path, size):
    """Into memory, or mapped."""
    noise = random.Random(1).randbytes(size)
    with Zip(make_zip(tmp_path / "a.zip", {"a": b"1", "b": noise})) as archive:
        assert [b"1", noise] == [archive.content(member) for member in archive.members]


def test_a_zip_knows_its_own_hash(tmp_path):
    """Of the whole file."""
    path = make_zip(tmp_path / "a.zip", {"a": TEXT})
    assert hashlib.sha256(path.read_bytes()).hexdigest() == Zip(path).sha256()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"PK\x03\x04", b"PK\x03\x05"),
        (b"honest", b"cheats"),
        (struct.pack("<H", 8), struct.pack("<H", 0)),
    ],
    ids=["signature", "name", "method"],
)
def test_a_local_header_that_contradicts_the_directory_is_refused(tmp_path, old, new):
    """Some unpackers believe the one, some the other: neither is copied."""
    path = make_zip(tmp_path / "liar-1.0-py3-none-any.whl", {"honest": TEXT})
    edited(path, old, new, count=1)
    with pytest.raises(ArchiveError, match=r"^liar-1\.0-py3-none-any\.whl: honest: has a local header"):
        contents(path)


def test_overlapping_members_are_refused(tmp_path):
    """A bomb's trick: one range of bytes under many names."""
    path = streamed_zip(tmp_path / "a.zip", {"one": File(content=TEXT), "two": File(content=TEXT)})
    data = bytearray(path.read_bytes())
    packed = data.index(b"PK\x01\x02") + 20
    data[packed] += 20  # more than the descriptor's 16 bytes behind the first member
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"a\.zip: one: overlaps what follows it"):
        contents(path)


def test_two_names_for_one_member_are_refused(tmp_path):
    """Its local header has one name."""
    path = make_zip(tmp_path / "a.zip", {"one": TEXT, "two": TEXT})
    data = bytearray(path.read_bytes())
    offset = data.rindex(b"PK\x01\x02") + 42
    data[offset : offset + 4] = bytes(4)
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"a\.zip: two: has a local header that contradicts"):
        contents(path)


def test_a_wrong_checksum_is_damage(tmp_path):
    """Where contents are looked at, they are checked."""
    path = make_zip(tmp_path / "a.zip", {"one": File(content=b"abcdef", method=zipfile.ZIP_STORED)})
    edited(path, b"abcdef", b"abcdeF")
    with pytest.raises(ArchiveError, match=r"a\.zip: one: is damaged"):
        contents(path)


def test_a_deflated_stream_that_is_broken_is_damage(tmp_path):
    """Not a zlib.error."""
    path = make_zip(tmp_path / "a.zip", {"one": TEXT})
    data = bytearray(path.read_bytes())
    data[33:40] = b"\xff" * 7
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match=r"a\.zip: one: is damaged"):
        contents(path)


@pytest.mark.parametrize("keep", [0, 1, 21, 22, 50, 100, -1, -20])
def test_a_file_cut_short_is_refused_by_name(tmp_path, keep):
    """Wherever it ends."""
    path = make_zip(tmp_path / "cut.whl", {"one": TEXT, "two": TEXT})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArchiveError, match=r"^cut\.whl: "):
        Zip(path)


def test_a_zip_behind_other_bytes_is_refused(tmp_path):
    """A program with a zip at its end: two readers see two files."""
    path = make_zip(tmp_path / "a.zip", {"one": TEXT})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    with pytest.raises(ArchiveError, match="central directory is not where it says"):
        Zip(path)


def test_all_that_is_wrong_is_said_at_once(tmp_path):
    """One error, one line for each member."""
    path = make_zip(
        tmp_path / "bad.whl",
        {"../a": b"", "/b": b"", "fine": b"", "link": File(content=b"/etc", mode=0o120777), "c\\d": b""},
    )
    with pytest.raises(ArchiveError) as caught:
        Zip(path)
    assert ["bad.whl: ../a", "bad.whl: /b", "bad.whl: link", "bad.whl: c\\d"] == [
        fault.where for fault in caught.value.faults
    ]


def test_a_name_that_would_garble_a_terminal_is_escaped(tmp_path):
    """In messages; the file itself may be called so."""
    path = make_zip(tmp_path / "a.zip", {"\x1b[2J/../x": b""})
    with pytest.raises(ArchiveError, match=r"a\.zip: '\\x1b\[2J/\.\./x'"):
        Zip(path)


def test_a_file_that_is_not_there_is_an_error_of_the_store(tmp_path):
    """It is named with its folder."""
    with pytest.raises(StoreError, match=r"none\.whl"):
        Zip(tmp_path / "none.whl")


@given(position=st.integers(0, 10_000), value=st.integers(0, 255))
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_is_refused_or_reads_as_zipfile_does(tmp_path_factory, position, value):
    """No damage leads to a crash, or to other contents than zipfile's."""
    path = make_zip(tmp_path_factory.mktemp("zip") / "a.zip", {"one": b"1" * 50, "two/three": b"22"})
    data = bytearray(path.read_bytes())
    data[position % len(data)] = value
    path.write_bytes(data)
    try:
        found = contents(path)
        archive = zipfile.ZipFile(path)
    except (ArchiveError, NotImplementedError):  # zipfile looks at the version needed, too
        return
    with archive:
        assert {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")} == found


def test_real_wheels_read_as_zipfile_reads_them():
    """Those of the standard library's ensurepip, where it has them."""
    import ensurepip

    for path in (Path(ensurepip.__file__).parent / "_bundled").glob("*.whl"):
        with zipfile.ZipFile(path) as archive:
            expected = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        assert expected == contents(path)


def test_a_directory_is_read_once(tmp_path):
    """Of one sha256, which a store vouches for; a file that was cut short since is found all the same."""
    first, second = (make_zip(tmp_path / name, {"x.py": b"x = 1\n"}) for name in ("a.zip", "b.zip"))
    sha256 = hashlib.sha256(first.read_bytes()).hexdigest()
    with Zip(first, sha256=sha256) as one, Zip(second, sha256=sha256) as other, Zip(second) as unknown:
        assert one.members is other.members
        assert one.members is not unknown.members
        assert b"x = 1\n" == other.content(other.members[0])
    second.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(ArchiveError, match=r"b\.zip: "):
        Zip(second, sha256=sha256)
