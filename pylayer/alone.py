"""A folder → one process, or thread, at a time reads and rewrites a file in it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else is in here for `folder`, which is there, and keep them out until the end.

    The folder itself is locked, so that no further file lies in a repository. Where a file system has no such
    locks, nobody waits.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            lock(handle, fcntl.LOCK_EX, where=folder)
        yield
    finally:
        os.close(handle)


def lock(handle: int, kind: int, *, where: Path) -> None:
    """Lock an open file or folder as `fcntl.flock` does; that another process is waited for is told."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        from pylayer import activity  # hardly anybody waits, and who does has the time to import it

        text = f"waiting for another pylayer, which is at work in {where}"
        with activity.waiting(text, step="lock", name=where.name):
            fcntl.flock(handle, kind)
