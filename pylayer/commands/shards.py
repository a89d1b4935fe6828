"""Builds and how long each took → rows of them for machines that work at once, of about the same length."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pylayer.config.layers import Build

# What rows can be by, and what of a build decides it.
BY: Mapping[str, Callable[[Build], str]] = {
    "architecture": lambda build: build.target.architecture.value,
    "runtime": lambda build: build.target.runtime.name,
    "layer": lambda build: build.layer.name,
    "build": lambda build: build.id,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Builds that one machine makes, and what they are called together; `seconds` are what they will take."""

    name: str
    builds: tuple[Build, ...]
    seconds: float

    @property
    def architectures(self) -> tuple[str, ...]:
        """Those of its builds, sorted as Lambda's words are."""
        return tuple(sorted({build.target.architecture.value for build in self.builds}, reverse=True))

    def only(self, every: Iterable[Build]) -> str:
        """What to give to `--only` for these of `every` build: the names of layers that are whole in it."""
        whole: dict[str, int] = {}
        for build in every:
            whole[build.layer.name] = whole.get(build.layer.name, 0) + 1
        for build in self.builds:
            whole[build.layer.name] -= 1
        names = [build.id if whole[build.layer.name] else build.layer.name for build in self.builds]
        return ",".join(dict.fromkeys(names))


def divided(
    builds: Sequence[Build], *, by: Sequence[str], shards: int, took: Callable[[str], float | None]
) -> list[Shard]:
    """Divide builds by what `by` names, and each such group into as many as `shards`.

    `took` says how long a build took, by its identifier; one that was never made takes as long as the others.
    A layer's builds share wheels: they are together, unless they take longer than a share.
    """
    known = {build.id: seconds for build in builds if (seconds := took(build.id)) is not None}
    usual = median(known.values()) if known else 1.0
    groups: dict[tuple[str, ...], list[Build]] = {}
    for build in builds:
        groups.setdefault(tuple(BY[word](build) for word in by), []).append(build)
    found = []
    for key, group in sorted(groups.items(), key=lambda item: item[0]):
        each = {build.id: known.get(build.id, usual) for build in group}
        rows = _balanced(group, each, shards)
        for number, row in enumerate(rows, start=1):
            words = [*key, *([f"{number}/{len(rows)}"] if len(rows) > 1 else [])]
            total = sum(each[build.id] for build in row)
            found.append(Shard(name=" ".join(words) or "all", builds=tuple(row), seconds=round(total, 1)))
    return found


def _balanced(builds: Sequence[Build], seconds: Mapping[str, float], shards: int) -> list[list[Build]]:
    """Give what takes longest to whoever has least to do, one after the other."""
    share = sum(seconds.values()) / shards
    layers: dict[str, list[Build]] = {}
    for build in builds:
        layers.setdefault(build.layer.name, []).append(build)
    units: list[list[Build]] = []
    for layer in layers.values():
        fits = sum(seconds[build.id] for build in layer) <= share
        units += [layer] if fits else [[build] for build in layer]

    def taken(row: Iterable[Build]) -> float:
        return sum(seconds[build.id] for build in row)

    rows: list[list[Build]] = [[] for _ in range(shards)]
    for unit in sorted(units, key=lambda unit: (-taken(unit), unit[0].id)):
        min(rows, key=taken).extend(unit)
    return [sorted(row, key=lambda build: build.id) for row in rows if row]
