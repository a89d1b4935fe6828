"""A zip file's records ↔ bytes: headers, the end of the central directory, and their zip64 forms.

Fields and sections are those of APPNOTE.TXT, the format's specification: 4.3.7 local header, 4.3.12 central
header, 4.3.14 to 4.3.16 the end records, 4.5.3 the zip64 field.
"""

from __future__ import annotations

import stat
from struct import Struct

LOCAL = Struct("<IHHHHHIIIHH")
CENTRAL = Struct("<IBBHHHHHIIIHHHHHII")
LOCAL_READ = Struct("<I2xHH4xIIIHH")  # the same without what a reader has no use for: needed, time, date
CENTRAL_READ = Struct("<I2xBxHH4xIIIHHH4xII")  # without who made it, time, date, disk, inner attributes
END = Struct("<IHHHHIIH")
LOCATOR64 = Struct("<IIQI")
END64 = Struct("<IQHHIIQQQQ")
LOCAL_SIGNATURE, CENTRAL_SIGNATURE, END_SIGNATURE = 0x04034B50, 0x02014B50, 0x06054B50
LOCATOR64_SIGNATURE, END64_SIGNATURE = 0x07064B50, 0x06064B50
EXTRA64 = 1
LIMIT16, LIMIT32 = 0xFFFF, 0xFFFFFFFF
STORED, DEFLATED = 0, 8
ENCRYPTED, DESCRIPTOR, PATCHED, UTF8 = 0x2041, 0x0008, 0x0020, 0x0800  # flags: bits 0, 6 and 13; 3; 5; 11
UNIX = 3
NEWEST = 63  # the version of the specification, times ten, whose members anybody extracts (4.4.3.2)
DATE = 1 << 5 | 1  # 1980-01-01, the first that the format can say (4.4.6)


def headers(
    name: str, method: int, sizes: tuple[int, int, int], *, offset: int, executable: bool
) -> tuple[bytes, bytes]:
    """The local and the central header of a file at `offset`; `sizes` are CRC-32, packed size and size."""
    raw_name = name.encode()
    flags = 0 if name.isascii() else UTF8
    mode = stat.S_IFREG | (0o755 if executable else 0o644)
    crc, packed, size = sizes
    local_extra = central_extra = b""
    if size >= LIMIT32 or packed >= LIMIT32:
        local_extra, central_extra = _extra64(size, packed), _extra64(size, packed, offset)
        size = packed = LIMIT32
    elif offset >= LIMIT32:
        central_extra = _extra64(offset)
    needed = 45 if central_extra else 20
    shared = (needed, flags, method, 0, DATE, crc, packed, size, len(raw_name))
    local = LOCAL.pack(LOCAL_SIGNATURE, *shared, len(local_extra))
    offset = LIMIT32 if central_extra else offset
    central = CENTRAL.pack(
        CENTRAL_SIGNATURE, needed, UNIX, *shared, len(central_extra), 0, 0, 0, mode << 16, offset
    )
    return b"%b%b%b" % (local, raw_name, local_extra), b"%b%b%b" % (central, raw_name, central_extra)


def end(count: int, length: int, offset: int) -> bytes:
    """What follows a central directory of `count` entries and `length` bytes that starts at `offset`."""
    short = min(count, LIMIT16)
    record = END.pack(END_SIGNATURE, 0, 0, short, short, min(length, LIMIT32), min(offset, LIMIT32), 0)
    if count < LIMIT16 and max(length, offset) < LIMIT32:
        return record
    made_by = UNIX << 8 | 45
    record64 = END64.pack(END64_SIGNATURE, END64.size - 12, made_by, 45, 0, 0, count, count, length, offset)
    return record64 + LOCATOR64.pack(LOCATOR64_SIGNATURE, 0, offset + length, 1) + record


def widen(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int] | None:
    """The three of a central header, read from `extra` where they are 0xFFFFFFFF; None where it lacks one."""
    position = 0
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        length = int.from_bytes(extra[position + 2 : position + 4], "little")
        body = extra[position + 4 : position + 4 + length]
        position += 4 + length
        if kind == EXTRA64:
            wide = iter([int.from_bytes(body[at : at + 8], "little") for at in range(0, len(body) - 7, 8)])
            values = [next(wide, -1) if value == LIMIT32 else value for value in (size, packed, offset)]
            return None if -1 in values else (values[0], values[1], values[2])
    return None


def _extra64(*values: int) -> bytes:
    body = b"".join(value.to_bytes(8, "little") for value in values)
    return EXTRA64.to_bytes(2, "little") + len(body).to_bytes(2, "little") + body
