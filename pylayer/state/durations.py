"""How long builds took → kept by their identifiers, so that machines can share the next ones evenly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.keys import key
from pylayer.store.kinds import DURATION

if TYPE_CHECKING:
    from pylayer.store import Store


def remember(store: Store, build: str, seconds: float) -> None:
    """Keep what a build took, known by its identifier, in seconds."""
    store.put_record(DURATION, _name(build), {"seconds": round(seconds, 3)})


def recall(store: Store, build: str) -> float | None:
    """What the build took the last time that it was made; None where that is not known."""
    record = store.record(DURATION, _name(build))
    return record["seconds"] if record else None


def _name(build: str) -> str:
    return key({"build": build})
