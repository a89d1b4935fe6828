"""Members → a zip file, its bytes decided by them alone: one date, two modes, one compressor.

What comes from another zip is copied as it is compressed there; only what is authored here is deflated. The
file appears whole or not at all.
"""

from __future__ import annotations

import os
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from pylayer import unfinished
from pylayer.dataclassing import dataclass
from pylayer.errors import StoreError
from pylayer.zips.format import DEFLATED, STORED, end, headers

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.zips.members import Member
    from pylayer.zips.reader import Zip

_LEVEL = 6  # of libdeflate: part of what decides bytes
_BLOCK = 1 << 20  # bytes hashed and written at a time: what fits into a processor's cache
_LARGE = 1 << 16  # bytes from which a member is not worth joining to others


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A finished zip: `sha256` in hex, `size` of the file and of its members unzipped in bytes."""

    sha256: str
    size: int
    unzipped_size: int
    members: int


class Writer:
    """Writes a zip file at `path`, which appears at `finish`; left without it, nothing stays behind.

    Members stand in the order in which they are given. Raises StoreError when the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary = unfinished.beside(path)
        self._central: list[bytes] = []
        self._unzipped_size = 0
        self._position = 0
        self._waiting: list[bytes | memoryview] = []
        self._waiting_size = 0
        self._hash = sha256()
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._descriptor = os.open(self._temporary, flags, 0o666)
        except OSError as error:
            raise self._error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._temporary.unlink(missing_ok=True)

    def copy(self, name: str, source: Zip, member: Member, *, executable: bool) -> None:
        """Add `member` of `source` as `name`, its compressed bytes as they are."""
        sizes = (member.crc, member.packed, member.size)
        self._put(name, member.method, source.view(member), sizes, executable=executable)

    def add(self, name: str, content: bytes, *, executable: bool = False) -> None:
        """Add `content` as `name`, deflated by the pinned compressor where that makes it smaller."""
        from deflate import deflate_compress

        packed, method = bytes(deflate_compress(content, _LEVEL)), DEFLATED
        if len(packed) >= len(content):
            packed, method = content, STORED
        sizes = (zlib.crc32(content), len(packed), len(content))
        self._put(name, method, packed, sizes, executable=executable)

    def finish(self) -> Written:
        """Write the central directory and let the file appear."""
        offset = self._position
        directory = b"".join(self._central)
        self._append(directory + end(len(self._central), len(directory), offset))
        self._flush()
        try:
            self._close()
            self._temporary.replace(self._path)
        except OSError as error:
            raise self._error(error) from error
        return Written(
            sha256=self._hash.hexdigest(),
            size=self._position,
            unzipped_size=self._unzipped_size,
            members=len(self._central),
        )

    def _put(
        self,
        name: str,
        method: int,
        packed: bytes | memoryview,
        sizes: tuple[int, int, int],
        *,
        executable: bool,
    ) -> None:
        local, central = headers(name, method, sizes, offset=self._position, executable=executable)
        self._central.append(central)
        self._unzipped_size += sizes[2]
        self._append(local)
        self._append(packed)

    def _append(self, data: bytes | memoryview) -> None:
        self._position += len(data)
        if len(data) >= _LARGE:
            self._flush()
            view = memoryview(data)
            for start in range(0, len(view), _BLOCK):
                self._drain(view[start : start + _BLOCK])
            return
        self._waiting.append(data)
        self._waiting_size += len(data)
        if self._waiting_size >= _BLOCK:
            self._flush()

    def _flush(self) -> None:
        block = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_size = 0
        self._drain(memoryview(block))

    def _drain(self, view: memoryview) -> None:
        self._hash.update(view)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as error:
            raise self._error(error) from error

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _error(self, error: OSError) -> StoreError:
        return StoreError(
            f"cannot be written: {error.strerror}",
            where=str(self._path),
            hint=f"make room for it, or make the folder writable: {self._path.parent}",
        )
