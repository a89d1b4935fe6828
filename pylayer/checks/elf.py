"""An ELF file's bytes → what the dynamic linker needs from the system: machine, libraries, symbol versions.

Reads what the linker itself reads, the program headers and the dynamic section, so it works on stripped files
too. Structures are those of https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html, versions those of
https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from pylayer.dataclassing import dataclass

MAGIC = b"\x7fELF"
ET_EXEC, ET_DYN = 2, 3
MACHINES = {3: "i386", 20: "ppc", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64", 183: "aarch64"}
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 14, 15, 29
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
_WEAK = 2
_MOST = 4096  # dynamic entries, libraries, versions of one library: real files have hundreds
_LONGEST = 4096  # bytes of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Elf:
    """What an ELF file asks of whoever loads it.

    `machine` is `e_machine`, `bits` 32 or 64. `versions` are pairs of a library and the symbol versions
    wanted of it, weak ones left out: the linker runs without those. `damaged` says why the rest could not be
    read, and is empty for a sound file.
    """

    machine: int
    bits: int
    kind: int
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    versions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    damaged: str = ""

    @property
    def machine_name(self) -> str:
        """The machine in the words of `uname -m`; 32-bit code of a 64-bit machine says so."""
        name = MACHINES.get(self.machine, f"machine {self.machine}")
        return f"{name} (32-bit)" if self.bits == 32 and self.machine in (62, 183) else name

    @property
    def loadable(self) -> bool:
        """Whether it is a program or a shared library; object files and core dumps are neither."""
        return self.kind in (ET_EXEC, ET_DYN)


def read(data: bytes | bytearray) -> Elf | None:
    """Read the bytes of a file; None where it is not ELF."""
    if not data.startswith(MAGIC):
        return None
    try:
        bits = {1: 32, 2: 64}[data[4]]
        order = {1: "<", 2: ">"}[data[5]]
        kind, machine = struct.unpack_from(f"{order}HH", data, 16)
    except (KeyError, IndexError, struct.error):
        return Elf(machine=0, bits=0, kind=ET_DYN, damaged="its header is cut short, or is not an ELF header")
    if kind not in (ET_EXEC, ET_DYN):
        return Elf(machine=machine, bits=bits, kind=kind)
    try:
        found = _Reader(data, order, wide=bits == 64).found()
    except (IndexError, ValueError, struct.error):
        return Elf(machine=machine, bits=bits, kind=kind, damaged="its headers point outside the file")
    return Elf(machine=machine, bits=bits, kind=kind, **found)


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


class _Reader:
    def __init__(self, data: bytes | bytearray, order: str, *, wide: bool) -> None:
        self.data = data
        self.order = order
        self.wide = wide
        self.segments = self._segments()

    def found(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        interpreters = [segment for segment in self.segments if segment.kind == _PT_INTERP]
        if interpreters:
            found["interpreter"] = self._string(interpreters[0].offset)
        entries = self._dynamic()
        single = dict(entries)
        if _DT_STRTAB not in single:
            return found
        strings = self._offset(single[_DT_STRTAB])
        found["needed"] = tuple(self._string(strings + at) for tag, at in entries if tag == _DT_NEEDED)
        if _DT_SONAME in single:
            found["soname"] = self._string(strings + single[_DT_SONAME])
        for tag, name in ((_DT_RPATH, "rpath"), (_DT_RUNPATH, "runpath")):
            if tag in single:
                found[name] = tuple(part for part in self._string(strings + single[tag]).split(":") if part)
        if _DT_VERNEED in single:
            count = min(single.get(_DT_VERNEEDNUM, 0), _MOST)
            found["versions"] = self._versions(self._offset(single[_DT_VERNEED]), strings, count)
        return found

    def _segments(self) -> list[_Segment]:
        start, size, count = (32, 54, 56) if self.wide else (28, 42, 44)
        (offset,) = self._unpack("Q" if self.wide else "I", start)
        (entry_size,) = self._unpack("H", size)
        (number,) = self._unpack("H", count)
        segments = []
        for at in range(offset, offset + number * entry_size, entry_size or 1):
            if self.wide:
                kind, _, place, address, _, length = self._unpack("IIQQQQ", at)
            else:
                kind, place, address, _, length = self._unpack("IIIII", at)
            segments.append(_Segment(kind, place, address, length))
        return segments

    def _dynamic(self) -> list[tuple[int, int]]:
        layout, step = ("QQ", 16) if self.wide else ("II", 8)
        entries: list[tuple[int, int]] = []
        for segment in self.segments:
            if segment.kind != _PT_DYNAMIC:
                continue
            for index in range(min(segment.size // step, _MOST)):
                tag, value = self._unpack(layout, segment.offset + index * step)
                if tag == _DT_NULL:
                    break
                entries.append((tag, value))
        return entries

    def _versions(self, offset: int, strings: int, count: int) -> tuple[tuple[str, tuple[str, ...]], ...]:
        versions = []
        for _ in range(count):
            _, number, file, first, following = self._unpack("HHIII", offset)
            names, at = [], offset + first
            for _ in range(min(number, _MOST)):
                _, flags, _, name, after = self._unpack("IHHII", at)
                if not flags & _WEAK:
                    names.append(self._string(strings + name))
                at += after
            versions.append((self._string(strings + file), tuple(names)))
            if not following:
                break
            offset += following
        return tuple(versions)

    def _offset(self, address: int) -> int:
        for segment in self.segments:
            if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        raise ValueError(address)

    def _string(self, start: int) -> str:
        end = self.data.index(0, start, start + _LONGEST)
        return self.data[start:end].decode("utf-8", "replace")

    def _unpack(self, layout: str, at: int) -> tuple[int, ...]:
        if at > len(self.data):
            raise ValueError(at)  # an offset may be any 64-bit number, which is more than struct takes
        return struct.unpack_from(self.order + layout, self.data, at)
