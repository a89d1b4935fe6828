"""Wheels of many builds → their bytecode, compiled in batches by as many processors as come to be idle.

Compiling is for a Python, not for an architecture: the engine's own does it for both. While one batch is
compiled, what else is wanted of the same Python gathers for the next.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pylayer.archives.archive import Compiled
from pylayer.building import bytecode
from pylayer.building.bytecode import Batch, Bytecode, Seen
from pylayer.errors import EngineError, MisledError, NeedsDockerError
from pylayer.graph import together
from pylayer.store.kinds import BYTECODE
from pylayer.targets import Target
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from pylayer.building.bytecode import Share, WheelBytecode
    from pylayer.building.context import RunContext
    from pylayer.building.hosts import BuildHost
    from pylayer.config.layers import Build
    from pylayer.wheels import Wheel

T = TypeVar("T")

_SMALLER = 4


class Compiler:
    """Gives the bytecode of wheels, each wheel compiled once for each Python."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._graph = context.graph
        self._hosts = context.hosts
        self._note = context.note
        self._queues: dict[tuple[Target, bool], _Queue] = {}

    async def bytecode(self, wheels: Sequence[Wheel], *, build: Build) -> Bytecode:
        """Zips of compiled modules at their places in the archive; none where the layer wants none."""
        if build.layer.bytecode == "off":
            return Bytecode()
        try:
            queue = await self._queue(build)
        except NeedsDockerError as error:
            runtime = build.target.runtime
            text = f"no bytecode for {runtime}, cold starts will be slower: {error.faults[0].what}"
            await self._graph.once(("no bytecode", runtime.name), lambda: self._say(text))
            return Bytecode()
        made = await queue.bytecode(wheels)
        notes = [
            f"{member} stays uncompiled: {reason}" for compiled in made for member, reason in compiled.skipped
        ]
        return Bytecode(
            files=tuple(
                Compiled(distribution=wheel.metadata.name, path=compiled.path, sha256=compiled.sha256)
                for wheel, compiled in zip(wheels, made, strict=True)
            ),
            python=queue.host.interpreter.version,
            notes=tuple(notes),
        )

    async def lacks(self, sha256s: Sequence[str], *, build: Build) -> bool:
        """Whether some wheels are not here, or have no bytecode that `build` wants."""
        store = self._context.store
        if not all(map(store.is_here, sha256s)):
            return True
        if build.layer.bytecode == "off":
            return False
        queue = await self._queue(build)
        names = (bytecode.key(one, interpreter=queue.host.interpreter, only=queue.only) for one in sha256s)
        return any(store.record(BYTECODE, name) is None for name in names)

    async def expect(self, wheels: Sequence[Wheel], *, build: Build) -> None:
        """Have wheels compiled that `build` is likely to want, behind all that is wanted."""
        if build.layer.bytecode != "off":
            (await self._queue(build)).expect(wheels)

    async def _queue(self, build: Build) -> _Queue:
        """That of the Python which compiles for a build, and of its mode; raises NeedsDockerError."""
        builder = Target(runtime=build.target.runtime, architecture=self._hosts.architecture)
        host = await self._hosts.host(builder)
        only = build.layer.bytecode == "only"
        if (builder, only) not in self._queues:
            self._queues[builder, only] = _Queue(self._context, builder=builder, host=host, only=only)
        return self._queues[builder, only]

    async def _say(self, text: str) -> None:
        self._note(text)


class _Queue:
    """What is to be compiled by one Python: one batch at a time, of all that waits when it starts.

    What is only expected has batches of its own, which are urgent once something in them is wanted.
    """

    def __init__(self, context: RunContext, *, builder: Target, host: BuildHost, only: bool) -> None:
        self._graph = context.graph
        self._store = context.store
        self._files = context.files
        self.host = host
        self.only = only
        self._builder = builder
        self._seen = Seen()
        self._futures: dict[str, asyncio.Future[WheelBytecode]] = {}
        self._wanted: set[str] = set()
        # By whether they are only expected.
        self._waiting: dict[bool, dict[str, Wheel]] = {False: {}, True: {}}
        self._workers: dict[bool, asyncio.Task[None]] = {}
        self._batches: dict[str, Hashable] = {}  # the step that compiles each wheel

    async def bytecode(self, wheels: Sequence[Wheel]) -> list[WheelBytecode]:
        self._wanted.update(wheel.sha256 for wheel in wheels)
        for wheel in wheels:
            if self._waiting[True].pop(wheel.sha256, None):
                self._waiting[False][wheel.sha256] = wheel
        self._ask(wheels, expected=False)
        with self._graph.awaiting(("bytecode", self._builder.runtime.name)):
            made = [await asyncio.shield(self._futures[wheel.sha256]) for wheel in wheels]
        for wheel in wheels:
            self._graph.needs(self._batches[wheel.sha256])
        return made

    def expect(self, wheels: Sequence[Wheel]) -> None:
        self._ask(wheels, expected=True)

    def _ask(self, wheels: Sequence[Wheel], *, expected: bool) -> None:
        for wheel in wheels:
            if wheel.sha256 not in self._futures:
                self._futures[wheel.sha256] = asyncio.get_running_loop().create_future()
                self._waiting[expected][wheel.sha256] = wheel
        worker = self._workers.get(expected)
        if self._waiting[expected] and (worker is None or worker.done()):
            self._workers[expected] = asyncio.create_task(self._work(expected=expected))

    async def _work(self, *, expected: bool) -> None:
        self._graph.within(("bytecode", self._builder.runtime.name))
        while batch := [*self._waiting[expected].values()]:
            self._waiting[expected].clear()
            await self._made(batch)

    async def _compute(self, batch: Sequence[Wheel], call: Callable[[], T]) -> T:
        def urgency() -> Urgency:
            return Urgency.BYTECODE if self._are_wanted(batch) else Urgency.AHEAD

        return await self._graph.compute_as(Urgency.BYTECODE if self._are_wanted(batch) else urgency, call)

    def _are_wanted(self, batch: Sequence[Wheel]) -> bool:
        return any(wheel.sha256 in self._wanted for wheel in batch)

    async def _made(self, batch: list[Wheel]) -> None:
        step = ("batch", *(wheel.sha256 for wheel in batch), self._builder, self.only)
        self._batches |= dict.fromkeys((wheel.sha256 for wheel in batch), step)
        try:
            made = await self._graph.once(step, lambda: self._compiled(batch))
        except Exception as error:  # noqa: BLE001  whoever waits gets it
            if batch[1:] and not isinstance(error, (EngineError, MisledError)):
                # It is some wheel's own fault: the builds that go without that one are not to fail with it.
                for wheel in batch:
                    await self._made([wheel])
                return
            for wheel in batch:
                self._futures[wheel.sha256].set_exception(error)
                self._futures[wheel.sha256].exception()  # told, even if nobody waits any more
        else:
            for wheel, bytecode in zip(batch, made, strict=True):
                self._futures[wheel.sha256].set_result(bytecode)

    async def _compiled(self, batch: list[Wheel]) -> list[WheelBytecode]:
        found = await self._graph.compute(
            bytecode.kept, batch, interpreter=self.host.interpreter, store=self._store, only=self.only
        )
        if lacking := [wheel for wheel in batch if wheel.sha256 not in found]:
            await self._files.of_wheels(lacking)
            found |= await self._compile(lacking)
        return [found[wheel.sha256] for wheel in batch]

    async def _compile(self, wheels: list[Wheel]) -> dict[str, WheelBytecode]:
        with self._store.scratch() as scratch:
            batch = Batch(
                wheels,
                interpreter=self.host.interpreter,
                store=self._store,
                scratch=scratch,
                only=self.only,
                seen=self._seen,
            )

            compute = partial(self._compute, wheels)
            processors = self._graph.processors.count
            # What is only expected keeps nobody waiting for long.
            parts = processors if self._are_wanted(wheels) else _SMALLER * processors
            shares = iter(await compute(partial(batch.shares, parts)))

            async def work() -> None:
                # Not all at once: what waits for its turn here is being worked at, and waits for nothing.
                for share in shares:
                    await compute(partial(self._compile_share, batch, share))

            await together([work() for _ in range(processors)])
            return await compute(batch.finish)

    def _compile_share(self, batch: Batch, share: Share) -> None:
        batch.compile(share, self.host.engine.bare_env(self._builder))
