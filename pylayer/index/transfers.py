"""Who transfers something → all of them stopped, where a run ends early; how they do it is not known here."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakSet


class Transferring(Protocol):
    """Has transfers under way, maybe in several threads."""

    def stop(self) -> None:
        """End them, and let no new one begin."""
        ...


_LIVE: WeakSet[Transferring] = WeakSet()


def noted(one: Transferring) -> None:
    """Have it stopped with all others."""
    _LIVE.add(one)


def stop_all() -> None:
    """End every transfer of every thread: for a run that was interrupted."""
    for one in tuple(_LIVE):
        one.stop()
