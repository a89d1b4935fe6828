"""Two catalogues → what became of each build and of each distribution in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pylayer.archives.catalogue import Catalogue, CatalogueEntry, Distribution
    from pylayer.report.weighing import Weights

    Weigh = Callable[[str, CatalogueEntry], Weights | None]

State = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A distribution before or after: its version, and the bytes it took where they are known."""

    version: str
    size: int | None = None
    unzipped_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A distribution that came, went, or is another one than it was."""

    name: str
    before: Side | None
    after: Side | None

    @property
    def state(self) -> State:
        """What became of it."""
        return _state(self.before, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A build that came, went, or has another archive than before."""

    build: str
    before: CatalogueEntry | None
    after: CatalogueEntry | None
    moved: tuple[Moved, ...] = ()

    @property
    def state(self) -> State:
        """What became of it."""
        return _state(self.before, self.after)

    @property
    def grown(self) -> int:
        """Bytes of the zip that came to it; below zero those that it lost."""
        return (self.after.size if self.after else 0) - (self.before.size if self.before else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is other than in `against` (words for it); the builds without a Change are as they were."""

    against: str
    changes: tuple[Change, ...]


def compare(
    before: Catalogue, after: Catalogue, *, against: str, weigh_before: Weigh, weigh_after: Weigh
) -> Comparison:
    """Compare two catalogues; the weights of their archives may be unknown (None)."""
    changes = []
    for build in sorted(before.builds.keys() | after.builds.keys()):
        old, new = before.builds.get(build), after.builds.get(build)
        if old and new and old.sha256 == new.sha256:
            continue
        weights = (weigh_before(build, old) if old else None, weigh_after(build, new) if new else None)
        changes.append(Change(build=build, before=old, after=new, moved=tuple(_moved(old, new, weights))))
    return Comparison(against=against, changes=tuple(changes))


def alike(comparison: Comparison) -> list[tuple[Change, ...]]:
    """The changes, those of a layer that came about by the same distributions told together."""
    groups: dict[object, list[Change]] = {}
    for change in comparison.changes:
        entry = change.after or change.before
        assert entry
        moves = tuple(
            (move.name, move.before and move.before.version, move.after and move.after.version)
            for move in change.moved
        )
        groups.setdefault((entry.layer, change.state, moves), []).append(change)
    return [tuple(group) for group in groups.values()]


def _moved(
    old: CatalogueEntry | None, new: CatalogueEntry | None, weights: tuple[Weights | None, Weights | None]
) -> Iterator[Moved]:
    before, after = _by_name(old), _by_name(new)
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one != other:
            yield Moved(name=name, before=_side(one, weights[0]), after=_side(other, weights[1]))


def _by_name(entry: CatalogueEntry | None) -> dict[str, Distribution]:
    return {distribution.name: distribution for distribution in entry.distributions} if entry else {}


def _side(distribution: Distribution | None, weights: Weights | None) -> Side | None:
    if distribution is None:
        return None
    part = weights.part(distribution.name) if weights else None
    if part is None:
        return Side(version=distribution.version)
    return Side(version=distribution.version, size=part.size, unzipped_size=part.unzipped_size)


def _state(before: object, after: object) -> State:
    if before is None:
        return "added"
    return "changed" if after is not None else "removed"
