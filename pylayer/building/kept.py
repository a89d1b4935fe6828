"""What a wheel is made of → the one that is kept, here or in the shared store; what builds did before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer import wheels
from pylayer.building import sources
from pylayer.dataclassing import dataclass
from pylayer.keys import key
from pylayer.store import kinds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.building.context import RunContext
    from pylayer.building.sources import ProjectSource
    from pylayer.keys import Parts
    from pylayer.monorepo.workspace import Project
    from pylayer.store.kinds import BuiltWheelRecord, RecordKind
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

    Place = tuple[RecordKind[Any], Parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelPlaces:
    """Where the wheel of a build is kept: by `parts`, as one of `kind`.

    By `shared` where it comes out pure, and machines of every architecture may use it then.
    """

    kind: RecordKind[BuiltWheelRecord]
    parts: Parts
    shared: Parts | None

    def __iter__(self) -> Iterator[Place]:
        """The places in the order in which they are looked at."""
        if self.shared is not None:
            yield kinds.PURE_WHEEL, self.shared
        yield self.kind, self.parts

    def of(self, wheel: Wheel) -> Place:
        """Where a wheel that was made belongs."""
        if wheel.pure and self.shared is not None:
            return kinds.PURE_WHEEL, self.shared
        return self.kind, self.parts


class KeptWheels:
    """The wheels of projects that are kept, and what is known of their builds."""

    def __init__(self, context: RunContext) -> None:
        self._graph = context.graph
        self._store = context.store
        self._files = context.files

    async def find(self, source: ProjectSource, places: WheelPlaces) -> tuple[Wheel, Parts] | None:
        """The wheel that is kept, and what its key is made of.

        One that was made with other leavings, or none, does where these could not have been packaged: it is
        looked into for that.
        """
        if source.leavings and self._files.lazy:
            both = ((kind, (parts, _with_leavings(parts, source))) for kind, parts in places)
            records = (self._store.record(kind, key(each)) for kind, parts in both for each in parts)
            await self._graph.wait(self._store.have, [record["sha256"] for record in records if record])
        return await self._graph.compute(self._find, source, places)

    def put(
        self, wheel: Wheel, source: ProjectSource, places: WheelPlaces, *, image: str, seconds: float
    ) -> Parts:
        """Keep a wheel that was made in an image (its digest, or empty), and give what its key is made of.

        That has leavings, where they may be packaged.
        """
        kind, parts = places.of(wheel)
        if sources.could_package_leavings(source, wheel):
            parts = _with_leavings(parts, source)
        record = {**wheels.to_json(wheel), "seconds": round(seconds, 1)}
        made_in = {"image": image} if kind is kinds.PURE_WHEEL else {}
        self._store.put_record(kind, key(parts), record | made_in)
        return parts | made_in

    def asked(self, places: WheelPlaces) -> tuple[str, ...]:
        """What the backend asked for the last time that it was given these places' build requirements."""
        records = (self._store.record(kinds.ASKED, key(parts)) for _, parts in places)
        return next((record["requires"] for record in records if record), ())

    def put_asked(self, requires: Sequence[str], wheel: Wheel, places: WheelPlaces) -> None:
        """Keep what the backend asked for before it made a wheel."""
        self._store.put_record(kinds.ASKED, key(places.of(wheel)[1]), {"requires": requires})

    def native(self, project: Project, source: ProjectSource, target: Target) -> bool | None:
        """Whether builds of a project compiled something, where that is known."""
        record = self._store.record(kinds.NATIVE, _by_names(project, source, target))
        return record["native"] if record else None

    def put_native(self, project: Project, source: ProjectSource, target: Target, *, native: bool) -> None:
        """Keep whether a build of a project compiled something."""
        self._store.put_record(kinds.NATIVE, _by_names(project, source, target), {"native": native})

    def _find(self, source: ProjectSource, places: WheelPlaces) -> tuple[Wheel, Parts] | None:
        for kind, parts in places:
            kept = self._kept(kind, parts)
            if kept and not sources.could_package_leavings(source, kept[0]):
                return kept
            if source.leavings and (kept := self._kept(kind, _with_leavings(parts, source))):
                return kept
        return None

    def _kept(self, kind: RecordKind[Any], parts: Parts) -> tuple[Wheel, Parts] | None:
        record = self._store.record(kind, key(parts))
        path = self._store.known(record["sha256"]) if record else None
        if not record or not path:
            return None
        made_in = {"image": record["image"]} if "image" in record else {}
        return wheels.from_json(record, path), parts | made_in


def _with_leavings(parts: Parts, source: ProjectSource) -> Parts:
    return parts | {"files": source.contents}


def _by_names(project: Project, source: ProjectSource, target: Target) -> str:
    """The key of what is known of the project's builds: by its files' names.

    That says more than what is in them.
    """
    return key({"project": project.name, "files": sorted(source.own), "python": target.runtime.minor})
