"""A tar or zip from an index → its files below a folder: what PEP 706 calls data, on every Python.

tarfile has a filter for that, which older releases of each Python have with faults by which a tar wrote
anywhere. Here nothing is ever written through a link: links come last, and are looked at as they are then.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from typing import IO, TYPE_CHECKING

from pylayer import below
from pylayer.below import OutsideError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST = 4 << 30  # bytes; as many as a file may have whose size no index says
_BLOCK = 4096  # bytes that a member takes at least


class UnpackingError(ValueError):
    """An archive that no sdist is; the message completes "cannot be unpacked: …"."""


def unpack(path: Path, *, into: Path, zipped: bool, most: int = _MOST) -> None:
    """Unpack the archive at `path`, a tar unless it is `zipped`, into the folder `into`.

    Raises UnpackingError for what leads out of the folder, is neither file, folder nor link, or comes to more
    than `most` bytes; what tarfile and zipfile raise for what they cannot read; OSError.
    """
    unpacking = _Unpacking(into, most)
    if zipped:
        with zipfile.ZipFile(path) as archive:
            _of_zip(archive, unpacking)
    else:
        with tarfile.open(path) as archive:
            _of_tar(archive, unpacking)
    unpacking.link()


class _Unpacking:
    """Files on their way into a folder, in which there are no links until all of them are there."""

    def __init__(self, top: Path, most: int) -> None:
        self._top = top
        self._links: dict[Path, str] = {}
        self._most = self._left = most

    def place(self, name: str) -> Path:
        """Where a member goes; raises UnpackingError."""
        self._take(_BLOCK)
        try:
            return self._top / below.plain(name)
        except OutsideError as error:
            raise UnpackingError(f"the path of a member {error}") from error

    def folder(self, place: Path) -> None:
        self._links.pop(place, None)
        place.mkdir(parents=True, exist_ok=True)

    def file(self, place: Path, content: IO[bytes], *, size: int, executable: bool) -> None:
        """Write a file; of two of one name the later one counts, as with tar."""
        self._take(size)
        self._links.pop(place, None)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as file:
            shutil.copyfileobj(content, file)
        place.chmod(0o755 if executable else 0o644)

    def symlink(self, place: Path, target: str) -> None:
        place.unlink(missing_ok=True)
        self._links[place] = target

    def hard_link(self, place: Path, name: str) -> None:
        """A second name of a file that came before."""
        other = self.place(name)
        if other in self._links or not other.is_file():
            raise UnpackingError(f"is linked to {name!r}, which is no file before it")
        status = other.stat()
        with other.open("rb") as content:
            self.file(place, content, size=status.st_size, executable=bool(status.st_mode & 0o100))

    def link(self) -> None:
        """Make the symbolic links, and hold each to the folder."""
        for place in self._links:
            place.parent.mkdir(parents=True, exist_ok=True)
        for place, target in self._links.items():
            place.symlink_to(target)
        for place in self._links:
            try:
                below.find(self._top, str(place))
            except OutsideError as error:
                raise UnpackingError(f"the path of a link {error}") from error
            place.exists()  # an OSError where nobody could follow it, to a name that is too long

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise UnpackingError(f"comes to more than {self._most} bytes")


def _of_tar(tarred: tarfile.TarFile, unpacking: _Unpacking) -> None:
    for member in _members(tarred):
        if member.isdir() and member.name == ".":
            continue
        place = unpacking.place(member.name)
        if member.isdir():
            unpacking.folder(place)
        elif member.issym():
            unpacking.symlink(place, member.linkname)
        elif member.islnk():
            unpacking.hard_link(place, member.linkname)
        elif content := tarred.extractfile(member) if member.isreg() else None:
            unpacking.file(place, content, size=member.size, executable=bool(member.mode & 0o100))
        else:
            raise UnpackingError(f"{member.name!r} is neither a file, a folder nor a link")


def _members(tarred: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Its members in their order; of what a negative size would lead back to, there is no end."""
    last = -1
    for member in tarred:
        if member.offset <= last or member.size < 0:
            raise UnpackingError("is damaged: a member has a negative size")
        last = member.offset
        yield member


def _of_zip(zipped: zipfile.ZipFile, unpacking: _Unpacking) -> None:
    for member in zipped.infolist():
        place = unpacking.place(member.filename)
        if member.is_dir():
            unpacking.folder(place)
            continue
        with zipped.open(member) as content:
            unpacking.file(place, content, size=member.file_size, executable=False)
