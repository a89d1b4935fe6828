"""Wheels of many builds → their bytecode, compiled in as few jobs as can be.

Compiling is for a Python, not for an architecture: the engine's own does it for both. While one job runs,
what else is wanted of the same Python gathers for the next.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pylayer.building import bytecode
from pylayer.building.bytecode import Companions, Seen
from pylayer.errors import NeedsDockerError
from pylayer.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pylayer.building.bytecode import Companion
    from pylayer.building.places import Place, Places
    from pylayer.config.layers import Build
    from pylayer.graph import Graph
    from pylayer.store import Store
    from pylayer.wheels import Wheel


class Compiler:
    """Gives the companions of wheels, each wheel compiled once for each Python."""

    def __init__(self, *, graph: Graph, store: Store, places: Places, note: Callable[[str], None]) -> None:
        self._graph = graph
        self._store = store
        self._places = places
        self._note = note
        self._queues: dict[tuple[Target, bool], _Queue] = {}

    async def companions(self, wheels: Sequence[Wheel], *, build: Build) -> Companions:
        """Zips of compiled modules at their places in the archive; none where the layer wants none."""
        if build.layer.bytecode == "off":
            return Companions()
        host = Target(runtime=build.target.runtime, architecture=self._places.architecture)
        try:
            place = await self._places.place(host)
        except NeedsDockerError as error:
            text = f"no bytecode for {host.runtime}, cold starts will be slower: {error.faults[0].what}"
            await self._graph.once(("no bytecode", host.runtime.name), lambda: self._say(text))
            return Companions()
        only = build.layer.bytecode == "only"
        if (host, only) not in self._queues:
            self._queues[host, only] = _Queue(self._graph, self._store, host=host, place=place, only=only)
        queue = self._queues[host, only]
        made = await queue.companions(wheels)
        notes = [f"{member} is left uncompiled: {reason}" for one in made for member, reason in one.skipped]
        return Companions(
            files=tuple((one.sha256, one.path) for one in made),
            python=place.interpreter.version,
            notes=tuple(notes),
        )

    async def _say(self, text: str) -> None:
        self._note(text)


class _Queue:
    """What is to be compiled by one Python: one job at a time, of all that waits when it starts."""

    def __init__(self, graph: Graph, store: Store, *, host: Target, place: Place, only: bool) -> None:
        self._graph = graph
        self._store = store
        self._host = host
        self._place = place
        self._only = only
        self._seen = Seen()
        self._futures: dict[str, asyncio.Future[Companion]] = {}
        self._waiting: list[Wheel] = []
        self._worker: asyncio.Task[None] | None = None

    async def companions(self, wheels: Sequence[Wheel]) -> list[Companion]:
        for wheel in wheels:
            if wheel.sha256 not in self._futures:
                self._futures[wheel.sha256] = asyncio.get_running_loop().create_future()
                self._waiting.append(wheel)
        if self._waiting and (self._worker is None or self._worker.done()):
            self._worker = asyncio.create_task(self._work())
        return [await asyncio.shield(self._futures[wheel.sha256]) for wheel in wheels]

    async def _work(self) -> None:
        self._graph.within(("bytecode", self._host.runtime.name))
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                made = await self._graph.compute(self._compile, batch)
            except Exception as error:  # noqa: BLE001  whoever waits gets it
                for wheel in batch:
                    self._futures[wheel.sha256].set_exception(error)
                    self._futures[wheel.sha256].exception()  # told, even if nobody waits any more
            else:
                for wheel, companion in zip(batch, made, strict=True):
                    self._futures[wheel.sha256].set_result(companion)

    def _compile(self, batch: list[Wheel]) -> list[Companion]:
        found = bytecode.compile_wheels(
            batch,
            open_room=lambda: self._place.engine.bare_room(self._host),
            interpreter=self._place.interpreter,
            store=self._store,
            only=self._only,
            seen=self._seen,
        )
        return [found[wheel.sha256] for wheel in batch]
