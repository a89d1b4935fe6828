"""An environment's folder → what tells whether anything in it was changed since, by whomever.

When a file or a folder was last changed is noted by the system, and no program can set it: whoever writes,
replaces, renames or removes anything, and puts it back, leaves another time. So a look at each status tells
as much as reading all, but for one who can set the clock. Where only the times are others, as in a cache that
CI has brought from elsewhere, the contents decide.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    State = Mapping[str, tuple[int, int, int, int]]

_SEAL = "pylayer-seal"  # in the folder itself: they appear together


def seal(root: Path) -> State:
    """Note in the folder `root`, which is complete, what it is; give its state."""
    found = state(root)
    _write(root, found, contents=_of_contents(root))
    return found


def unbroken(root: Path) -> State | None:
    """The state of the sealed folder `root`; None where it is not what it was, or not there."""
    try:
        noted, contents = (root / _SEAL).read_text(encoding="utf-8").split()
        found = state(root)
        if _of_state(found) == noted:
            return found
        if _of_contents(root) != contents:
            return None
    except (OSError, ValueError):  # also of what is removed meanwhile
        return None
    with suppress(OSError):  # what cannot be written can be used
        _write(root, found, contents=contents)
    return found


def is_sealed(root: Path) -> bool:
    """Whether the folder `root` has a seal, broken or not."""
    return (root / _SEAL).exists()


def state(root: Path) -> State:
    """The status of everything below `root`, by its path there; `root` itself says when it was used."""
    return {
        name: (status.st_mode, status.st_ino, status.st_size, status.st_ctime_ns)
        for name, status in _everything(str(root))
    }


def changed(before: State, after: State) -> list[str]:
    """The paths whose status is another one, sorted."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _write(root: Path, found: State, *, contents: str) -> None:
    new = root / f"{_SEAL}.{os.getpid()}"
    new.write_text(f"{_of_state(found)} {contents}\n", encoding="utf-8")
    new.replace(root / _SEAL)


def _of_state(found: State) -> str:
    return hashlib.sha256(repr(sorted(found.items())).encode(errors="surrogateescape")).hexdigest()


def _of_contents(root: Path) -> str:
    """A digest (hex) of all that a program can see below `root`, but for times."""
    digest = hashlib.sha256()
    for name, status in sorted(_everything(str(root))):
        digest.update(f"{name}\0{stat.S_IFMT(status.st_mode)}\0".encode(errors="surrogateescape"))
        if stat.S_ISLNK(status.st_mode):
            digest.update(os.fsencode((root / name).readlink()))
        elif stat.S_ISREG(status.st_mode):
            with (root / name).open("rb") as file:
                digest.update(f"{status.st_mode & 0o111}\0{status.st_size}\0".encode())
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _everything(root: str) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below `root` by its path there, but for its seal, which cannot tell of itself."""
    folders = [""]
    while folders:
        below = folders.pop()
        with os.scandir(f"{root}/{below}") as entries:
            for entry in entries:
                name = f"{below}{entry.name}"
                if name.startswith(_SEAL):
                    continue
                status = entry.stat(follow_symlinks=False)
                yield name, status
                if stat.S_ISDIR(status.st_mode):
                    folders.append(f"{name}/")
