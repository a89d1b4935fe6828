"""Signals that ask a process to end → what Ctrl-C does, after which all is tidied up; and which it was."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# What a terminal that closes, Ctrl-\ and whoever stops a job send; each would end Python where it stands.
_ENDING = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM)


class Interrupt:
    """The signal that came, SIGINT where none of the others did."""

    def __init__(self) -> None:
        self.number = int(signal.SIGINT)

    @property
    def status(self) -> int:
        """The exit status that shells give to a process which a signal ended."""
        return 128 + self.number

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Do what Ctrl-C does now: asyncio has a way of its own while it runs."""
        self.number = number
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # ignored, as in what a script starts in the background
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)


@contextmanager
def as_interrupts() -> Iterator[Interrupt]:
    """Let every signal that asks for the end be a KeyboardInterrupt in here.

    One that is ignored (`nohup`) stays so. In another thread than the first, signals do what they did.
    """
    interrupt = Interrupt()
    first = threading.current_thread() is threading.main_thread()
    heeded = [ending for ending in _ENDING if first and signal.getsignal(ending) is signal.SIG_DFL]
    for ending in heeded:
        signal.signal(ending, interrupt)
    try:
        yield interrupt
    finally:
        for ending in heeded:
            signal.signal(ending, signal.SIG_DFL)
