"""`--jobs` → how much of this machine a run keeps busy, its threads and what they start together."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_lock = threading.Lock()
_held = threading.local()  # what this thread holds one of
_confined: list[int] = []  # of the runs that are under way in this process


class Processors:
    """So many processors: who computes holds one."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._idle = threading.Semaphore(count)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a processor, and hold it."""
        with self._idle:
            _held.idle = self._idle
            try:
                yield
            finally:
                _held.idle = None


@contextmanager
def resting() -> Iterator[None]:
    """Let others have the processor that this thread holds, while it waits for what another machine does."""
    idle: threading.Semaphore | None = getattr(_held, "idle", None)
    if idle is None:
        yield
        return
    idle.release()
    try:
        yield
    finally:
        idle.acquire()


@contextmanager
def confined(count: int) -> Iterator[None]:
    """Keep this thread, and the threads and programs that it starts from now on, to `count` processors.

    That bounds what has threads of its own (uv, git, compilers, ninja): they count the processors they may
    use. Where the system has no such bound (macOS), programs that run here are not bound.
    """
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else frozenset[int]()
    with _lock:
        _confined.append(count)
    try:
        if count < len(before):
            os.sched_setaffinity(0, some(before, count, seed=os.getpid()))
        yield
    finally:
        if count < len(before):
            os.sched_setaffinity(0, before)
        with _lock:
            _confined.remove(count)


def confinement() -> int | None:
    """How many processors what runs elsewhere for this process is to keep to; None where nothing says."""
    with _lock:
        return min(_confined, default=None)


def some(processors: Collection[int], count: int, *, seed: int) -> set[int]:
    """Choose `count` of `processors`: the same for one seed, and others for most others."""
    ordered = sorted(processors)
    first = seed % len(ordered)
    return set((ordered[first:] + ordered[:first])[:count])
