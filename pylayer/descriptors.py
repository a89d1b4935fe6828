"""How many files this process may have open → more of them, and how many of them may stay open for long."""

from __future__ import annotations

import resource
import sys
import threading
from contextlib import suppress

_ENOUGH = 4096  # hundreds of wheels need no more, and what closes all that could be open takes no time


def raise_limit() -> None:
    """Let this process, and what it starts, open as many files as a run may need; macOS begins with 256."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Lasting:
    """Files that stay open: no more than a quarter of all that may be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0

    def take(self) -> bool:
        """Whether one more may stay open; then it is to be given back."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = sys.maxsize if soft == resource.RLIM_INFINITY else soft // 4
        with self._lock:
            if self._open >= most:
                return False
            self._open += 1
            return True

    def give_back(self) -> None:
        """Count one out."""
        with self._lock:
            self._open -= 1
