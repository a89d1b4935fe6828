"""The archives of a run as they are finished → whether each will work, and those that are used together.

An archive is looked at beside those of the layers that provide for it, which may be finished later than it,
or come from an earlier run.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pylayer.archives import catalogue
from pylayer.archives.archive import Archive
from pylayer.archives.catalogue import Catalogue
from pylayer.building.dependencies import providers
from pylayer.checking.fitting import outgrown
from pylayer.checking.inspection import FinishedArchive, inspect, inspect_set
from pylayer.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from pylayer.archives.recipes import Recipe
    from pylayer.building.context import RunContext
    from pylayer.config.layers import Build
    from pylayer.errors import Fault
    from pylayer.problems import Problem


class Checker:
    """Checks what one run over a workspace makes."""

    def __init__(self, context: RunContext) -> None:
        self._workspace = context.workspace
        self._graph = context.graph
        self._store = context.store
        self._output = context.workspace.manifest.output
        self._before = Catalogue()
        self._finished: dict[str, asyncio.Future[FinishedArchive | None]] = {}

    def begin(self, builds: Sequence[Build]) -> None:
        """Expect an archive of each of `builds`, or that it failed."""
        self._before = catalogue.read(self._output / catalogue.NAME)
        self._finished = {build.id: asyncio.get_running_loop().create_future() for build in builds}

    def failed(self, build: Build) -> None:
        """Expect no archive of `build` any more."""
        if not self._finished[build.id].done():
            self._finished[build.id].set_result(None)

    async def of_build(
        self,
        finished: FinishedArchive,
        build: Build,
        *,
        local: Collection[str],
        left_out: Collection[str],
        overrides: Sequence[str],
    ) -> list[str]:
        """Check a finished archive; the warnings as lines. Raises CheckError listing every error.

        `local` are the distributions built here, `left_out` those that other layers give; `overrides` (PEP
        508) are those of lock files.
        """
        self._finished[build.id].set_result(finished)
        beside = [await self._archive(provider) for provider in providers(build, self._workspace)]
        problems = await self._graph.compute(
            inspect,
            finished,
            build,
            local=local,
            left_out=left_out,
            overrides=overrides,
            beside=[archive for archive in beside if archive],
            manifest=self._workspace.manifest,
            store=self._store,
        )
        if errors := _faults(problems, "error", build.id):
            raise CheckError.of(errors)
        return [f"{problem.where}: {problem.what} [{problem.kind}]" for problem in problems]

    async def of_makings(self, recipe: Recipe, build: Build, *, compiled: bool) -> None:
        """Refuse what would be too large for Lambda: CheckError that says what would make it fit.

        Unless its modules are `compiled`, their bytecode does not count.
        """
        problems = await self._graph.compute(
            outgrown, recipe, build.layer, compiled=compiled, store=self._store
        )
        if problems:
            raise CheckError.of(_faults(problems, "error", build.id))

    async def of_sets(
        self, good: Sequence[Build]
    ) -> AsyncIterator[tuple[list[Build], list[Fault], CheckError | None]]:
        """Check the `[sets]` that `good` builds are in: those builds, warnings, and the errors as one.

        The other layers of a set may be of an earlier run; one of which a layer has no archive is left.
        """
        builds = {build.id: build for build in self._workspace.builds}
        made = {build.id: build for build in good}
        for together in self._workspace.manifest.sets:
            for target in dict.fromkeys(build.target for build in good):
                names = [f"{name}-{target}" for name in together.layers]
                own = [made[name] for name in names if name in made]
                layers = [await self._archive(builds[name]) if name in builds else None for name in names]
                finished = [layer for layer in layers if layer]
                if not own or len(finished) < len(names):
                    continue
                problems = await self._graph.compute(
                    inspect_set,
                    together,
                    finished,
                    accepted=[pattern for name in names for pattern in builds[name].layer.accept],
                    store=self._store,
                )
                place = f"{together.name}-{target}"
                errors = _faults(problems, "error", place)
                yield own, _faults(problems, "warning", place), CheckError.of(errors) if errors else None

    async def _archive(self, build: Build) -> FinishedArchive | None:
        """The archive of a build: this run's where it makes one, else the one that is there."""
        if build.id in self._finished:
            with self._graph.awaiting(("build", build.id)):
                return await self._finished[build.id]
        entry = self._before.builds.get(build.id)
        if entry is None or not (self._output / entry.path).is_file():
            return None
        archive = Archive(
            path=self._output / entry.path,
            sha256=entry.sha256,
            size=entry.size,
            unzipped_size=entry.unzipped_size,
            members=0,
        )
        return FinishedArchive(layer=build.layer.name, archive=archive)


def _faults(problems: Sequence[Problem], severity: str, place: str) -> list[Fault]:
    return [problem.fault(place) for problem in problems if problem.severity == severity]
