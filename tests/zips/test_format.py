from __future__ import annotations

import io
import zipfile

import pytest

from pylayer.zips.format import CENTRAL_READ, LIMIT32, LOCAL, end, headers, widen

GIBIBYTE = 1 << 30


def zip_of(name, sizes, *, packed=b"", executable=False):
    """A zip of one file whose headers say `sizes`, whatever is in it."""
    local, central = headers(name, 0, sizes, offset=0, executable=executable)
    body = local + packed
    return io.BytesIO(body + central + end(1, len(central), len(body)))


def test_zipfile_reads_what_headers_say():
    """Name, sizes, checksum, mode and date are where zipfile looks for them."""
    with zipfile.ZipFile(zip_of("pkg/tool", (0xABCD, 3, 3), packed=b"abc", executable=True)) as archive:
        (info,) = archive.infolist()
    assert ("pkg/tool", 3, 3, 0xABCD) == (info.filename, info.compress_size, info.file_size, info.CRC)
    assert 0o100755 == info.external_attr >> 16
    assert (1980, 1, 1, 0, 0, 0) == info.date_time
    assert 3 == info.create_system


@pytest.mark.parametrize(("name", "flags"), [("plain", 0), ("früh/日本", 0x800)])
def test_names_outside_ascii_are_flagged_as_utf_8(name, flags):
    """Bit 11 is set where it matters, and only there."""
    with zipfile.ZipFile(zip_of(name, (0, 0, 0))) as archive:
        (info,) = archive.infolist()
    assert (name, flags) == (info.filename, info.flag_bits)


@pytest.mark.parametrize("size", [LIMIT32 - 1, LIMIT32, LIMIT32 + 1, 5 * GIBIBYTE])
def test_zipfile_reads_sizes_beyond_32_bits(size):
    """A member of 4 GiB and more has its sizes in a zip64 field."""
    with zipfile.ZipFile(zip_of("big", (1, 7, size), packed=b"1234567")) as archive:
        (info,) = archive.infolist()
    assert (size, 7) == (info.file_size, info.compress_size)


@pytest.mark.parametrize(
    ("sizes", "offset"),
    [
        ((1, 5, 5), 6 * GIBIBYTE),
        ((1, 5, 5), LIMIT32),
        ((1, 5 * GIBIBYTE, 6 * GIBIBYTE), 7 * GIBIBYTE),
        ((1, 5, 6 * GIBIBYTE), 9),
    ],
)
def test_wide_central_headers_can_be_read_again(sizes, offset):
    """What `headers` moves to a zip64 field, `widen` takes from there."""
    _, central = headers("a", 0, sizes, offset=offset, executable=False)
    *_, packed, size, _, _, _, _, narrow = CENTRAL_READ.unpack_from(central)
    assert (sizes[2], sizes[1], offset) == widen(central[CENTRAL_READ.size + 1 :], size, packed, narrow)


def test_local_headers_know_no_offset():
    """A member far into the file, but small, has a plain local header."""
    local, _ = headers("a", 0, (1, 5, 5), offset=6 * GIBIBYTE, executable=False)
    assert LOCAL.size + 1 == len(local)


@pytest.mark.parametrize("extra", [b"", b"\x01\x00", b"\x01\x00\x04\x00abcd", b"\x02\x00\x08\x00" + bytes(8)])
def test_a_missing_zip64_field_is_found_out(extra):
    """A header that promises a field that is not there, or too short, is not guessed at."""
    assert widen(extra, LIMIT32, 5, 5) is None


@pytest.mark.parametrize(("count", "wide"), [(65_534, False), (65_535, True)])
def test_more_members_than_16_bits_count_take_a_zip64_end(count, wide):
    """0xFFFF itself means "see the zip64 record"."""
    assert wide == (b"PK\x06\x06" in end(count, 100, 100))
