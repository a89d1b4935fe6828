"""Steps of an open run → their wheels, with their bytecode, and how each ended."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from pylayer import activity as activities
from pylayer.building.compiler import Compiler
from pylayer.errors import NeedsDockerError, PylayerError, UnexpectedError
from pylayer.outcomes import Outcome, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.building.pace import WheelStep
    from pylayer.building.steps import Built
    from pylayer.config.layers import Build
    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.context import OpenRun
    from pylayer.outcomes import Reporter
    from pylayer.targets import Target


class WheelMaker:
    """Builds wheels in an open run; `exactly` as another machine planned, whose architecture differs."""

    def __init__(self, run: OpenRun, found: Workspace, reporter: Reporter, *, exactly: bool) -> None:
        self._run = run
        self._graph = run.context.graph
        self._reporter = reporter
        self._exactly = exactly
        self._compiler = Compiler(run.context)
        self._builds: dict[Target, dict[str, Build]] = {}
        for build in found.builds:
            self._builds.setdefault(build.target, {}).setdefault(build.layer.bytecode, build)

    async def made(self, step: WheelStep, targets: Sequence[Target]) -> Outcome:
        """Build one, and tell how that ended."""
        return await asyncio.create_task(self._made(step, targets))

    async def _made(self, step: WheelStep, targets: Sequence[Target]) -> Outcome:
        own = ("share", step.name)
        self._graph.within(own)
        ended = partial(
            Outcome,
            build=step.name,
            layer=step.project,
            runtime=step.builder.runtime.name,
            architecture=step.builder.architecture.value,
        )
        try:
            if self._exactly:
                built = [await self._run.projects.made(step)]
            else:
                built = [await self._run.projects.built(step.project, target) for target in targets]
            await self._compiled(built, targets)
        except PylayerError as error:
            state = State.SKIPPED if isinstance(error, NeedsDockerError) else State.FAILED
            outcome = ended(state=state, error=error)
        except Exception as bug:  # noqa: BLE001  whatever it is, the other wheels go on
            outcome = ended(state=State.FAILED, error=UnexpectedError.of_bug(bug, where=step.name))
        else:
            found = {each.wheel.sha256: each.wheel for each in built}
            works = self._graph.works(own, apart=lambda _: False)
            outcome = ended(
                state=State.BUILT if any(each.fresh for each in built) else State.CACHED,
                size=sum(wheel.path.stat().st_size for wheel in found.values()),
                wheels=len(found),
                seconds=activities.busy(works),
                notes=tuple(dict.fromkeys(each.note for each in built if each.note)),
            )
        self._reporter.outcome(outcome)
        return outcome

    async def _compiled(self, built: Sequence[Built], targets: Sequence[Target]) -> None:
        """Have the bytecode of wheels as well, where all layers of a target want the same."""
        for made, target in zip(built, targets, strict=False):
            builds = self._builds.get(target, {})
            for build in builds.values():
                await self._compiler.bytecode([made.wheel], build=build)
