"""An ELF file's bytes → how many of them are symbols and debugging information, which stripping takes away.

The section headers tell, https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html; what a tool leaves
of them can only be known by running it.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_SYMTAB = 2  # the table of symbols that no loader reads, and with it the strings that it names
_DEBUG = (b".debug", b".zdebug", b".gdb_index", b".gnu.debug")
_LITTLE_64 = b"\x02\x01"  # of 64 bits, little-endian: all that Lambda runs


class _Section(NamedTuple):
    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


def removable(data: bytes | bytearray) -> int:
    """Bytes of a file's symbols and debugging information; 0 where it is no ELF file of 64 bits."""
    if data[4:6] != _LITTLE_64:
        return 0
    try:
        return sum(section.size for section in _removable(data))
    except (IndexError, struct.error):
        return 0  # its headers point outside the file


def _removable(data: bytes | bytearray) -> list[_Section]:
    (start,) = struct.unpack_from("<Q", data, 40)
    step, count, names = struct.unpack_from("<HHH", data, 58)
    sections = [
        _Section(*struct.unpack_from("<IIQQQQI", data, start + number * step)) for number in range(count)
    ]
    found = {
        number
        for number, section in enumerate(sections)
        if section.kind == _SYMTAB or _name(data, sections[names], section).startswith(_DEBUG)
    }
    strings = {sections[number].link for number in found if sections[number].kind == _SYMTAB}
    return [sections[number] for number in sorted(found | strings)]


def _name(data: bytes | bytearray, names: _Section, section: _Section) -> bytes:
    start = names.offset + section.name
    return bytes(data[start : start + 16]).partition(b"\0")[0]
