"""Wheels that are to be built → shares of them for machines that work at once, of about the same length.

Wheels are divided, never layers: most wheels are in several of those, and would be built by each machine.
"""

from __future__ import annotations

import hashlib
from heapq import heapify, heapreplace
from math import ceil
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pylayer.building.pace import WheelStep
    from pylayer.targets import Architecture, Target

PROCESSORS = 4  # of a runner, where CI systems do not say: GitHub's and GitLab's have two to four
SHORTEST = 60.0  # seconds of a runner's work below which its start costs more than it saves


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingWheel:
    """A wheel that is to be built, and the targets that ask for it.

    `needs` are the wheels, of those that are missing too, that its build needs.
    """

    step: WheelStep
    targets: tuple[Target, ...]
    seconds: float
    needs: frozenset[WheelStep] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelShare:
    """What one machine builds: it is the share `number` of `of`, and `seconds` are those of one processor."""

    number: int
    of: int
    architecture: Architecture
    wheels: tuple[MissingWheel, ...]
    seconds: float

    @property
    def name(self) -> str:
        """As `--share` takes it."""
        return f"{self.number}/{self.of}"


def divided(
    missing: Sequence[MissingWheel],
    *,
    shards: int = 0,
    own: Architecture,
    most: int,
    processors: int = PROCESSORS,
) -> list[WheelShare]:
    """Divide wheels into `shards` (0: as many as the work is worth, up to `most`), and none that is empty.

    A wheel goes to a machine of the architecture of its builder's Python, and one whose build needs another
    missing one to the same machine as that. Such a group that wants several goes to one of `own`, which is
    that of the machine that planned. Raises UsageError for more shards than `most`.
    """
    if shards > most:
        raise UsageError(f"{shards} shares are more than {most}", where="--shards", hint="take fewer")
    if not missing:
        return []
    groups: dict[Architecture, list[list[MissingWheel]]] = {}
    for group in _together(missing):
        wanted = {wheel.step.builder.architecture for wheel in group}
        groups.setdefault(wanted.pop() if len(wanted) == 1 else own, []).append(group)
    work = {each: sorted(map(_seconds, found)) for each, found in groups.items()}
    counts = _given(work, shards) if shards else _chosen(work, most=most, processors=processors)
    rows = [
        (architecture, row)
        for architecture in sorted(groups, reverse=True)
        for row in _balanced(groups[architecture], counts[architecture])
    ]
    return [
        WheelShare(
            number=number,
            of=len(rows),
            architecture=architecture,
            wheels=tuple(sorted(row, key=_longest_first)),
            seconds=round(_seconds(row), 1),
        )
        for number, (architecture, row) in enumerate(rows, start=1)
    ]


def hashed(names: Iterable[str], building: Mapping[str, Iterable[str]], *, of: int) -> dict[str, int]:
    """The number of the share that each project is in, by its name alone: the same whatever is there already.

    Projects that others need to be built, by `building`, are with those.
    """
    links = [(name, other) for name, others in building.items() for other in others]
    return {
        name: int(hashlib.sha256(min(group).encode()).hexdigest(), 16) % of + 1
        for group in grouped([*names], links)
        for name in group
    }


def grouped(items: Sequence[str], links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Put those of `items` together that are linked, directly or by others; all in their order."""
    above: dict[str, str] = {}

    def top(item: str) -> str:
        while (next_one := above.get(item, item)) != item:
            above[item] = above.get(next_one, next_one)
            item = next_one
        return item

    for one, other in links:
        above[top(one)] = top(other)
    found: dict[str, list[str]] = {}
    for item in dict.fromkeys(items):
        found.setdefault(top(item), []).append(item)
    return [*found.values()]


def _together(missing: Sequence[MissingWheel]) -> list[list[MissingWheel]]:
    """Groups of wheels whose builds need each other."""
    by_name = {wheel.step.name: wheel for wheel in missing}
    links = [(wheel.step.name, need.name) for wheel in missing for need in wheel.needs]
    return [[by_name[name] for name in group] for group in grouped([*by_name], links)]


def _given(work: Mapping[Architecture, Sequence[float]], shards: int) -> dict[Architecture, int]:
    """So many in all, but one for each architecture at least."""
    counts = dict.fromkeys(work, 1)
    for _ in range(shards - len(work)):
        slowest = max(work, key=lambda each: (sum(work[each]) / counts[each], each))
        counts[slowest] += 1
    return counts


def _chosen(
    work: Mapping[Architecture, Sequence[float]], *, most: int, processors: int
) -> dict[Architecture, int]:
    """As many as end when the longest group does, and are worth a machine's start."""
    counts = {
        each: ceil(sum(seconds) / (processors * max(seconds[-1], SHORTEST))) or 1
        for each, seconds in work.items()
    }
    return counts if sum(counts.values()) <= most else _given(work, most)


def _balanced(groups: Sequence[list[MissingWheel]], count: int) -> list[list[MissingWheel]]:
    """Give what takes longest to whoever has least to do, one after the other."""
    rows: list[tuple[float, int, list[MissingWheel]]] = [(0.0, number, []) for number in range(count)]
    heapify(rows)
    for group in sorted(groups, key=lambda group: (-_seconds(group), group[0].step.name)):
        seconds, number, row = rows[0]
        row.extend(group)
        heapreplace(rows, (seconds + _seconds(group), number, row))
    return [row for _, _, row in sorted(rows, key=_numbered) if row]


def _numbered(row: tuple[float, int, list[MissingWheel]]) -> int:
    return row[1]


def _seconds(wheels: Iterable[MissingWheel]) -> float:
    return sum(wheel.seconds for wheel in wheels)


def _longest_first(wheel: MissingWheel) -> tuple[float, str]:
    return -wheel.seconds, wheel.step.name
