"""Members → a zip file, its bytes decided by them alone: one date, two modes, one compressor.

What comes from another zip is copied as it is compressed there; only what is authored here is deflated. The
file appears whole or not at all.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from pylayer.errors import StoreError
from pylayer.zipformat import DEFLATED, STORED, end, headers

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor
    from pathlib import Path

    from pylayer.zipmembers import Member
    from pylayer.zips import Zip

_LEVEL = 6  # of libdeflate: part of what decides bytes
_BUFFER = 1 << 20  # bytes hashed and written at a time: small enough to stay in a processor's cache


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
        self._temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
        self._central: list[bytes] = []
        self._unzipped_size = 0
        try:
            self._stream = _Stream(self._temporary)
        except OSError as error:
            raise self._error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._temporary.unlink(missing_ok=True)

    def copy(self, name: str, source: Zip, member: Member, *, executable: bool) -> None:
        """Add `member` of `source` as `name`, its compressed bytes as they are."""
        try:
            self._begin(name, member.method, (member.crc, member.packed, member.size), executable=executable)
            view = self._stream.room(member.packed)
            start = source.pour(member, view)
            done = len(view)
            while done < member.packed:
                view = self._stream.room(member.packed - done)
                source.read_into(view, start + done)
                done += len(view)
        except OSError as error:
            raise self._error(error) from error

    def add(self, name: str, content: bytes, *, executable: bool = False) -> None:
        """Add `content` as `name`, deflated by the pinned compressor where that makes it smaller."""
        from deflate import deflate_compress  # noqa: PLC0415  most archives author nothing

        packed, method = bytes(deflate_compress(content, _LEVEL)), DEFLATED
        if len(packed) >= len(content):
            packed, method = content, STORED
        sizes = (zlib.crc32(content), len(packed), len(content))
        try:
            self._begin(name, method, sizes, executable=executable)
            self._stream.write(packed)
        except OSError as error:
            raise self._error(error) from error

    def finish(self) -> Written:
        """Write the central directory and let the file appear."""
        try:
            offset = self._stream.position
            self._stream.write(b"".join(self._central))
            self._stream.write(end(len(self._central), self._stream.position - offset, offset))
            digest = self._stream.finish()
            self._temporary.replace(self._path)
        except OSError as error:
            raise self._error(error) from error
        return Written(
            sha256=digest,
            size=self._stream.position,
            unzipped_size=self._unzipped_size,
            members=len(self._central),
        )

    def _begin(self, name: str, method: int, sizes: tuple[int, int, int], *, executable: bool) -> None:
        local, central = headers(name, method, sizes, offset=self._stream.position, executable=executable)
        self._central.append(central)
        self._unzipped_size += sizes[2]
        self._stream.write(local)

    def _error(self, error: OSError) -> StoreError:
        return StoreError(
            f"cannot be written: {error.strerror}",
            where=str(self._path),
            hint=f"make room for it, or make the folder writable: {self._path.parent}",
        )


class _Stream:
    """Bytes on their way into a new file: a second thread hashes and writes them while more are gathered."""

    def __init__(self, path: Path) -> None:
        self.position = 0
        self._hash = sha256()
        self._filling = memoryview(bytearray(_BUFFER))
        self._spare = memoryview(bytearray(_BUFFER))
        self._used = 0
        self._executor: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def room(self, length: int) -> memoryview:
        """A place for the next bytes: `length`, or less (at least one) where the buffer ends."""
        if self._used == _BUFFER:
            self._hand_over()
        view = self._filling[self._used : self._used + length]
        self._used += len(view)
        self.position += len(view)
        return view

    def write(self, data: bytes) -> None:
        """Put `data` next."""
        done = 0
        while done < len(data):
            view = self.room(len(data) - done)
            view[:] = data[done : done + len(view)]
            done += len(view)

    def finish(self) -> str:
        """See all of it written; the sha256 (hex) of the whole."""
        if self._pending:
            self._pending.result()
        self._drain(self._filling[: self._used])
        self.close()
        return self._hash.hexdigest()

    def close(self) -> None:
        """End the thread and the file; can be called twice."""
        if self._executor:
            self._executor.shutdown()
            self._executor = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _hand_over(self) -> None:
        if self._pending:
            self._pending.result()
        if not self._executor:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  small archives need no thread

            self._executor = ThreadPoolExecutor(1)
        self._pending = self._executor.submit(self._drain, self._filling)
        self._filling, self._spare = self._spare, self._filling
        self._used = 0

    def _drain(self, view: memoryview) -> None:
        self._hash.update(view)
        while view:
            view = view[os.write(self._descriptor, view) :]
