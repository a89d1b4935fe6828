"""A process's number → whether that process is still there, and a name for it that no other will have."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether a process of this number runs, whoever's it is; where that cannot be told, it does."""
    if pid <= 0:
        return False  # to the system, those mean groups of processes
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass
    return True


def started(pid: int) -> str:
    """When a process started, in ticks since the machine did; empty where /proc does not tell.

    Together with its number that is one process for ever: numbers are given again.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def own_mark() -> str:
    """A part of names, for what this process makes: its number and, where that is known, its start."""
    return _mark(os.getpid())


@cache
def _mark(pid: int) -> str:
    return f"{pid}-{ticks}" if (ticks := started(pid)) else str(pid)


def marks_living(pid: str, ticks: str | None) -> bool:
    """Whether the process lives that made what has its mark; another one may have its number by now."""
    return alive(int(pid)) and (not ticks or started(int(pid)) in ("", ticks))
