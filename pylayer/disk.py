"""What the operating system says → whether the disk that is written to is full, and how that is told."""

from __future__ import annotations

import errno
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pylayer.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOTHING = 64 << 10  # bytes: less than any build writes
_HINTS = {
    errno.ENOSPC: "free some space on that file system and run the same command again",
    errno.EDQUOT: "free some of your quota and run the same command again",
    errno.EFBIG: "this user, or that file system, may have no file as large (ulimit -f)",
}


def full(error: OSError, place: Path | None = None) -> StoreError | None:
    """What stands for `error` where a disk is full, with the `place` that was written to; else None.

    What copies files names the source, which is not at fault.
    """
    if error.errno not in _HINTS:
        return None
    where = place or error.filename2 or error.filename or ""
    return StoreError(f"cannot be written: {error.strerror}", where=str(where), hint=_HINTS[error.errno])


def refuse_full(place: Path, *, log: str) -> None:
    """Raise StoreError where no room is left beside `place`: what failed there did so for want of it."""
    if shutil.disk_usage(place).free < _NOTHING:
        what = "a program failed, and there is no room left on the disk"
        raise StoreError(what, where=str(place), hint=_HINTS[errno.ENOSPC], log=log)


@contextmanager
def filling(place: Path) -> Iterator[None]:
    """Turn a full disk into a StoreError that names `place`, the file or folder that is written in here."""
    try:
        yield
    except OSError as error:
        if told := full(error, place):
            raise told from error
        raise
