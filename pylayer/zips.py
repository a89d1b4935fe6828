"""A zip file → its members, each checked to be safe to copy as it stands, compressed.

Stricter than zipfile, because what is copied is never unpacked here: local headers must say what the central
directory says, ranges must not overlap, names must be plain relative paths.
"""

from __future__ import annotations

import os
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from pylayer.errors import ArchiveError, Fault, StoreError
from pylayer.zipformat import (
    DEFLATED,
    DESCRIPTOR,
    ENCRYPTED,
    END,
    END64,
    END64_SIGNATURE,
    END_SIGNATURE,
    LIMIT16,
    LIMIT32,
    LOCAL,
    LOCAL_READ,
    LOCAL_SIGNATURE,
    LOCATOR64,
    LOCATOR64_SIGNATURE,
    STORED,
)
from pylayer.zipmembers import DamagedError, parse

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.zipmembers import Member

_HINT = "get or build another file of it: this one is refused as it is"


class Zip:
    """A zip file opened for reading; `label` names it in errors.

    `members` are its files in the order of their bytes; entries for folders are left out. Raises ArchiveError
    listing every member that cannot be copied safely, StoreError when the file cannot be read. For one thread
    at a time; after `close` it opens itself again when something is read.
    """

    def __init__(self, path: Path, *, label: str = "") -> None:
        self.path = path
        self.label = label or path.name
        self._descriptor = -1
        self._extra = 0
        self._ends: dict[int, int] = {}
        try:
            self.members = self._read_directory()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def pour(self, member: Member, view: memoryview) -> int:
        """Fill `view`, no longer than `member.packed`, with its first compressed bytes; where they start.

        Raises ArchiveError where the local header disagrees with the central directory.
        """
        # One read for the header and the data behind it: the extra field is as long as the last one was.
        header = bytearray(LOCAL.size + len(member.raw_name) + self._extra)
        got = self._read([header, view], member.offset)
        start = self._data_start(member, header[:got])
        done = max(got - len(header), 0)
        if start != member.offset + len(header):
            self._extra = start - member.offset - LOCAL.size - len(member.raw_name)
            done = 0
        if done < len(view):
            self.read_into(view[done:], start + done)
        return start

    def read_into(self, view: memoryview, offset: int) -> None:
        """Fill `view` with the file's bytes from `offset` on."""
        while view:
            got = self._read([view], offset)
            if not got:
                raise self._error("is cut short")
            view, offset = view[got:], offset + got

    def packed(self, member: Member) -> bytes:
        """The compressed bytes of `member`."""
        data = bytearray(member.packed)
        self.pour(member, memoryview(data))
        return bytes(data)

    def content(self, member: Member) -> bytes:
        """The bytes of `member`, its size and CRC-32 checked."""
        data = self.packed(member)
        if member.method == DEFLATED:
            data = self._inflate(member, data, member.size + 1)
        if len(data) != member.size or zlib.crc32(data) != member.crc:
            raise self._error("is damaged: it has not the size and CRC-32 that it should", member.name)
        return data

    def head(self, member: Member, length: int) -> bytes:
        """The first `length` bytes of `member`, without reading or checking the rest."""
        # The first block's Huffman codes take some 300 bytes at most before anything comes out.
        data = bytearray(min(member.packed, length + (512 if member.method == DEFLATED else 0)))
        self.pour(member, memoryview(data))
        if member.method == STORED:
            return bytes(data)
        head = self._inflate(member, data, length)
        # Writers may put empty blocks first, any number of them.
        return head if len(head) == min(length, member.size) else self.content(member)[:length]

    def _inflate(self, member: Member, data: bytes | bytearray, limit: int) -> bytes:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)
        except zlib.error as error:
            raise self._error(f"is damaged: {error}", member.name) from error

    def _data_start(self, member: Member, header: bytearray) -> int:
        if len(header) < LOCAL.size:
            raise self._error("is cut short", member.name)
        fields = LOCAL_READ.unpack_from(header)
        signature, flags, method, crc, packed, size, name_length, extra_length = fields
        name = header[LOCAL.size : LOCAL.size + name_length]
        agrees = signature == LOCAL_SIGNATURE and name == member.raw_name and method == member.method
        if not flags & DESCRIPTOR and LIMIT32 not in (packed, size):
            agrees = agrees and (crc, packed, size) == (member.crc, member.packed, member.size)
        if not agrees or flags & ENCRYPTED:
            raise self._error("has a local header that contradicts the central directory", member.name)
        start: int = member.offset + LOCAL.size + name_length + extra_length
        if start + member.packed > self._ends[member.offset]:
            raise self._error("overlaps what follows it", member.name)
        return start

    def _read_directory(self) -> tuple[Member, ...]:
        count, length, offset = self._find_directory()
        directory = bytearray(length)
        self.read_into(memoryview(directory), offset)
        try:
            members, refused = parse(bytes(directory), count=count, limit=offset)
        except DamagedError as error:
            raise self._error(str(error)) from error
        if refused:
            raise ArchiveError.of(self._fault(what, name) for what, name in refused)
        offsets = [member.offset for member in members]
        self._ends = dict(pairwise([*offsets, offset]))
        return tuple(member for member in members if member.name[-1] != "/")

    def _find_directory(self) -> tuple[int, int, int]:
        """The central directory's count of entries, length and offset."""
        try:
            file_size = self.path.stat().st_size
        except OSError as error:
            raise self._unreadable(error) from error
        tail = bytearray(min(file_size, END.size + LIMIT16 + LOCATOR64.size))
        tail_start = file_size - len(tail)
        self.read_into(memoryview(tail), tail_start)
        position = tail.rfind(END_SIGNATURE.to_bytes(4, "little"))
        if position < 0 or position + END.size > len(tail):
            raise self._error("is not a zip file, or is cut short")
        _, disk, _, _, count, length, offset, _ = END.unpack_from(tail, position)
        limit = tail_start + position
        if position >= LOCATOR64.size:
            signature, _, end64, _ = LOCATOR64.unpack_from(tail, position - LOCATOR64.size)
            if signature == LOCATOR64_SIGNATURE and end64 < file_size:
                record = bytearray(END64.size)
                self.read_into(memoryview(record), end64)
                signature, _, _, _, disk, _, _, count, length, offset = END64.unpack(record)
                limit = end64 if signature == END64_SIGNATURE else -1
        if disk or offset + length != limit:
            raise self._error("is damaged: its central directory is not where it says")
        return count, length, offset

    def _read(self, views: list[bytearray | memoryview], offset: int) -> int:
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            return os.preadv(self._descriptor, views, offset)
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> StoreError:
        return StoreError(f"cannot be read: {error.strerror}", where=f"{self.label} ({self.path})")

    def _error(self, what: str, name: str = "") -> ArchiveError:
        return ArchiveError.of([self._fault(what, name)])

    def _fault(self, what: str, name: str) -> Fault:
        shown = name if name.isprintable() else ascii(name)
        return Fault(what=what, where=f"{self.label}: {shown}" if name else self.label, hint=_HINT)
