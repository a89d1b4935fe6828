"""Files of the host → the tar stream that puts them into a container, all of it root's."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CHUNK = 1 << 18


def of_environment(root: Path, *, prefix: str, work: str) -> Iterator[bytes]:
    """Give the folder `root` as the absolute path `prefix`, and `work`, in which anyone may make folders.

    Both are in one folder at the root, which is made too. No file is held in memory.
    """
    yield _folder(str(Path(prefix).parent))
    yield _folder(work, mode=0o1777)
    for path in [root, *sorted(root.rglob("*"))]:
        name = str(Path(prefix) / path.relative_to(root))
        if path.is_symlink():
            link = tarfile.TarInfo(name.lstrip("/"))
            link.type, link.linkname = tarfile.SYMTYPE, str(path.readlink())
            yield link.tobuf()
        elif path.is_dir():
            yield _folder(name)
        else:
            yield from _file(path, name)
    yield bytes(2 * tarfile.BLOCKSIZE)


def of_file(path: Path, name: str) -> Iterator[bytes]:
    """Give one file as the absolute path `name`."""
    yield from _file(path, name)
    yield bytes(2 * tarfile.BLOCKSIZE)


def of_files(files: Iterable[tuple[str, bytes, bool]]) -> Iterator[bytes]:
    """Give files (name below the destination, content, whether it is executable) with their folders.

    The destination is among those: some engines have given it to another user.
    """
    made: set[str] = {"."}
    yield _folder(".")
    for name, content, executable in files:
        for folder in [str(each) for each in reversed(PurePosixPath(name).parents) if str(each) not in made]:
            made.add(folder)
            yield _folder(folder)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o755 if executable else 0o644
        yield entry.tobuf()
        yield content
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _folder(name: str, *, mode: int = 0o755) -> bytes:
    folder = tarfile.TarInfo(name.lstrip("/"))
    folder.type, folder.mode = tarfile.DIRTYPE, mode
    return folder.tobuf()


def _file(path: Path, name: str) -> Iterator[bytes]:
    with path.open("rb") as content:
        entry = tarfile.TarInfo(name.lstrip("/"))
        entry.size = path.stat().st_size
        entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
        yield entry.tobuf()
        while chunk := content.read(_CHUNK):
            yield chunk
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
