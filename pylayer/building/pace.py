"""Wheels that were built, here and elsewhere → how long the next build of a project will take."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from pylayer.dataclassing import dataclass
from pylayer.keys import key
from pylayer.store import kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.store import Store
    from pylayer.targets import Target

_WHEELS = frozenset({kinds.WHEEL.name, kinds.PURE_WHEEL.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelStep:
    """One build of a project: by the Python of `builder`, in a `way` (empty: plainly).

    Two machines mean the same wheel by it, as long as their engines are of one architecture.
    """

    project: str
    builder: Target
    way: str = ""

    @property
    def name(self) -> str:
        """What a person calls it: `libetl by python3.13-x86_64`."""
        return f"{self.project} by {self.builder}{f', {self.way}' if self.way else ''}"


def remember(store: Store, step: WheelStep, seconds: float) -> None:
    """Keep what a build took on this machine."""
    store.put_record(kinds.DURATION, _key(step), {"seconds": round(seconds, 3)})


def last(store: Store, step: WheelStep) -> float | None:
    """What a build took on this machine the last time."""
    record = store.record(kinds.DURATION, _key(step))
    return record["seconds"] if record else None


class Pace:
    """What is known of how long builds take: those of this machine, else those of other machines.

    `shared` are the records of the shared store, by kind and key: those of wheels say how long they took.
    """

    def __init__(self, store: Store, shared: Mapping[tuple[str, str], Any]) -> None:
        self._store = store
        self._took: dict[tuple[str, ...], float] = {}
        for (kind, _), value in shared.items():
            if kind in _WHEELS:
                metadata = value["metadata"]
                python = metadata["tags"][0].partition("-")[0] if metadata["tags"] else ""
                for name in ((metadata["name"],), (metadata["name"], python)):
                    self._took[name] = max(value["seconds"], self._took.get(name, 0.0))

    def seconds(self, step: WheelStep) -> float | None:
        """What a build took the last time; None where no build of the project is known."""
        if (seconds := last(self._store, step)) is not None:
            return seconds
        named = (step.project, f"cp3{step.builder.runtime.minor}")
        return self._took.get(named, self._took.get((step.project,)))


def usual(known: Iterable[float]) -> float:
    """What a build takes of which nothing is known, beside those of which something is."""
    return median(found) if (found := list(known)) else 1.0


def _key(step: WheelStep) -> str:
    return key({"wheel": step.name})
