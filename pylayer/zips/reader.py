"""A zip file → its members, each checked to be safe to copy as it stands, compressed.

Stricter than zipfile, because what is copied is never unpacked here: local headers must say what the central
directory says, ranges must not overlap, names must be plain relative paths.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import threading
import zlib
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from pylayer.descriptors import Lasting
from pylayer.errors import ArchiveError, Fault, StoreError
from pylayer.zips.format import (
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
from pylayer.zips.members import DamagedError, parse

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.zips.members import Member

_HINT = "get or build it again: this file is refused as it is"
_REMEMBERED = 50_000  # members of the directories that are kept in memory: some 25 MB
_MAPPED = 1 << 20  # bytes from which mapping a file beats reading it; each mapping keeps a descriptor
_LASTING = Lasting()

# The members, and by its offset what each ends before.
_Directory = tuple[tuple["Member", ...], dict[int, int]]


class _Directories:
    """The directories of files whose sha256 is known, those that were read last; for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, int], _Directory] = {}
        self._members = 0

    def get(self, sha256: str, size: int) -> _Directory | None:
        with self._lock:
            found = self._known.pop((sha256, size), None)
            if found:
                self._known[sha256, size] = found
        return found

    def put(self, sha256: str, size: int, directory: _Directory) -> None:
        with self._lock:
            if (sha256, size) in self._known:
                return
            self._known[sha256, size] = directory
            self._members += len(directory[0])
            while self._members > _REMEMBERED and len(self._known) > 1:
                members, _ = self._known.pop(next(iter(self._known)))
                self._members -= len(members)


_directories = _Directories()


class Zip:
    """A zip file, read; `label` names it in errors.

    Of a file that is known to have a `sha256` (hex), the directory is read once for many uses: an archive is
    estimated, compiled and put together from the same wheels, and those of two architectures share some.

    `members` are its files in the order of their bytes; entries for folders are left out. Raises ArchiveError
    listing every member that cannot be copied safely, StoreError when the file cannot be read. Can be used by
    several threads.
    """

    def __init__(self, path: Path, *, label: str = "", sha256: str = "") -> None:
        self.path = path
        self.label = label or path.name
        # At once: of a wheel's thousands of members, a call for each costs more than their bytes do.
        self._mapped = False
        self._data = self._load()
        self._view = memoryview(self._data)
        known = _directories.get(sha256, len(self._data)) if sha256 else None
        self.members, self._ends = known or self._read_directory()
        if sha256 and not known:
            _directories.put(sha256, len(self._data), (self.members, self._ends))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; its members can be read no more."""
        self._data, self._view = b"", memoryview(b"")
        if self._mapped:
            self._mapped = False
            _LASTING.give_back()

    def sha256(self) -> str:
        """The hash (hex) of the whole file."""
        return hashlib.sha256(self._view).hexdigest()

    def packed(self, member: Member) -> bytes:
        """The compressed bytes of `member`; raises as `view` does."""
        return bytes(self.view(member))

    def view(self, member: Member) -> memoryview:
        """The compressed bytes of `member`, where they are.

        Raises ArchiveError where its local header disagrees with the central directory.
        """
        fields = LOCAL_READ.unpack_from(self._data, member.offset)
        signature, flags, method, crc, packed, size, name_length, extra_length = fields
        name_start = member.offset + LOCAL.size
        name = self._data[name_start : name_start + name_length]
        agrees = signature == LOCAL_SIGNATURE and name == member.raw_name and method == member.method
        if not flags & DESCRIPTOR and LIMIT32 not in (packed, size):
            agrees = agrees and packed == member.packed and size == member.size and crc == member.crc
        if not agrees or flags & ENCRYPTED:
            raise self._error("has a local header that contradicts the central directory", member.name)
        start = name_start + name_length + extra_length
        if start + member.packed > self._ends[member.offset]:
            raise self._error("overlaps what follows it", member.name)
        return self._view[start : start + member.packed]

    def content(self, member: Member) -> bytes:
        """The bytes of `member`, its size and CRC-32 checked."""
        view = self.view(member)
        data = bytes(view) if member.method == STORED else self._inflate(member, view, member.size + 1)
        if len(data) != member.size or zlib.crc32(data) != member.crc:
            raise self._error("is damaged: it does not have the size and CRC-32 that it should", member.name)
        return data

    def head(self, member: Member, length: int) -> bytes:
        """The first `length` (at least one) bytes of `member`, without looking at the rest."""
        view = self.view(member)
        if member.method == STORED:
            return bytes(view[:length])
        # zlib copies what it leaves; the first block's codes take some 300 bytes before anything comes out.
        head = self._inflate(member, view[: length + 512], length)
        # Writers may put empty blocks first, any number of them.
        return head if len(head) == min(length, member.size) else self.content(member)[:length]

    def _inflate(self, member: Member, view: memoryview, limit: int) -> bytes:
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(view, limit)
        except zlib.error as error:
            raise self._error(f"is damaged: {error}", member.name) from error

    def _load(self) -> bytes | mmap.mmap:
        try:
            with self.path.open("rb", buffering=0) as file:
                if os.fstat(file.fileno()).st_size >= _MAPPED and _LASTING.take():
                    with suppress(OSError):  # some network file systems cannot
                        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                        self._mapped = True
                        return mapped
                    _LASTING.give_back()
                return file.readall()
        except OSError as error:
            raise StoreError(
                f"cannot be read: {error.strerror}", where=f"{self.label} ({self.path})"
            ) from error

    def _read_directory(self) -> _Directory:
        count, length, offset = self._find_directory()
        try:
            members, refused = parse(self._data[offset : offset + length], count=count, limit=offset)
        except DamagedError as error:
            raise self._error(str(error)) from error
        if refused:
            raise ArchiveError.of(self._fault(what, name) for what, name in refused)
        offsets = [member.offset for member in members]
        files = tuple([member for member in members if member.name[-1] != "/"])
        return files, dict(pairwise([*offsets, offset]))

    def _find_directory(self) -> tuple[int, int, int]:
        """The central directory's count of entries, length and offset."""
        tail_start = max(len(self._data) - END.size - LIMIT16, 0)
        position = self._data.rfind(END_SIGNATURE.to_bytes(4, "little"), tail_start)
        if position < 0 or position + END.size > len(self._data):
            raise self._error("is not a zip file, or is cut short")
        _, disk, _, _, count, length, offset, _ = END.unpack_from(self._data, position)
        limit = position
        if position >= LOCATOR64.size:
            signature, _, end64, _ = LOCATOR64.unpack_from(self._data, position - LOCATOR64.size)
            if signature == LOCATOR64_SIGNATURE and end64 + END64.size <= position:
                fields = END64.unpack_from(self._data, end64)
                signature, _, _, _, disk, _, _, count, length, offset = fields
                limit = end64 if signature == END64_SIGNATURE else -1
        if disk or offset + length != limit:
            raise self._error("is damaged: its central directory is not where it says")
        return count, length, offset

    def _error(self, what: str, name: str = "") -> ArchiveError:
        return ArchiveError.of([self._fault(what, name)])

    def _fault(self, what: str, name: str) -> Fault:
        shown = name if name.isprintable() else ascii(name)
        return Fault(what=what, where=f"{self.label}: {shown}" if name else self.label, hint=_HINT)
