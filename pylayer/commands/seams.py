"""A workspace and what a run may do → the seams of that run, put together and closed again."""

from __future__ import annotations

import os
import sysconfig
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pylayer import process
from pylayer.building.closing import Closing
from pylayer.building.cross import Cross
from pylayer.building.places import EnginePlaces
from pylayer.building.projects import Projects
from pylayer.config.manifest import LOCK_NAME
from pylayer.engines import choose
from pylayer.errors import LockError, PylayerError
from pylayer.graph import Graph
from pylayer.index import settings, web
from pylayer.locks import lock as locks
from pylayer.locks.fetching import Fetching
from pylayer.locks.lock import Lock, Run
from pylayer.locks.solving import Solving
from pylayer.locks.sourcing import choices, indexes
from pylayer.locks.supply import Supply
from pylayer.remedies.remedies import Remedies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from pylayer.config.layers import Build
    from pylayer.config.manifest import EngineChoice
    from pylayer.graph import Watcher
    from pylayer.index.indexes import Settings
    from pylayer.locks.supply import Policy
    from pylayer.monorepo.trees import Index
    from pylayer.monorepo.workspace import Workspace
    from pylayer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """What a run works with; `before` is the lock as it was, empty where there was none."""

    found: Workspace
    before: Lock
    settings: Settings
    graph: Graph
    places: EnginePlaces
    supply: Supply
    projects: Projects
    closing: Closing
    remedies: Remedies

    async def errors(self, builds: Sequence[Build]) -> dict[str, PylayerError | None]:
        """Find all that goes into `builds` or is used on it; by build id, why that cannot be had."""
        errors = await self.closing.errors(builds)
        for build in builds:
            if not errors[build.id]:
                try:
                    await self.remedies.prepared(await self.closing.contents(build), build=build)
                except PylayerError as error:
                    errors[build.id] = error
        return errors

    def lock(self, *, complete: bool, settled: bool = False) -> Lock:
        """The lock after the run; see `pylayer.locks.lock.Run`."""
        run = Run(
            engine=self.places.engine,
            settings=choices(self.found.manifest, self.settings),
            builds=self.supply.builds,
            environments=self.supply.environments,
            images=self.places.images,
            complete=complete,
            settled=settled or self.found.manifest.engine == "local",
        )
        return self.before.after(run, known=[build.id for build in self.found.builds])


@asynccontextmanager
async def opened(  # noqa: PLR0913  what a run is given
    found: Workspace,
    *,
    choice: EngineChoice,
    policy: Policy,
    jobs: int,
    store: Store,
    index: Index,
    note: Callable[[str], None],
    watcher: Watcher | None = None,
) -> AsyncIterator[Seams]:
    """Open the engine and read the lock; raises LockError where a locked run has none that fits."""
    tables, pins = indexes(found.manifest)
    resolver = settings.read(found.manifest.root, tables=tables, pins=pins)
    before = locks.read(found.manifest.root / LOCK_NAME)
    if policy.locked:
        choice = _locked_engine(before, choice)
    graph = Graph(jobs=jobs or os.cpu_count() or 1, watcher=watcher)
    places = EnginePlaces(
        choice,
        docker=lambda: choose.docker(cache=store.root / "engines"),
        local=lambda: choose.local(cache=store.root / "engines"),
        graph=graph,
        note=note,
        locked=before.images if before and policy.locked else {},
    )
    # It fills its table without a lock: a thread would see it half full.
    sysconfig.get_config_vars()
    async with AsyncExitStack() as stack:
        # The other way round at the end: engines first, so that what is still running in them ends.
        stack.push_async_callback(graph.stop)
        stack.callback(places.close)
        stack.callback(process.kill_all)
        stack.callback(web.stop_all)
        await places.open()
        fetching = Fetching(settings=resolver, graph=graph, store=store)
        supply = Supply(
            found,
            lock=before or Lock(),
            settings=resolver,
            policy=policy,
            fetching=fetching,
            solving=Solving(
                found.manifest,
                projects=found.projects.keys(),
                settings=resolver,
                fetching=fetching,
                graph=graph,
                store=store,
            ),
            graph=graph,
        )
        unpacked: Path = stack.enter_context(store.scratch())
        projects = Projects(
            found,
            graph=graph,
            store=store,
            places=places,
            requirements=supply,
            crossing=Cross(requirements=supply, graph=graph, store=store),
            index=index,
            unpacked=unpacked,
            note=note,
            dry=policy.dry,
        )
        fetching.builder = projects
        yield Seams(
            found=found,
            before=before or Lock(),
            settings=resolver,
            graph=graph,
            places=places,
            supply=supply,
            projects=projects,
            closing=Closing(found, graph=graph, projects=projects, distributions=supply),
            remedies=Remedies(found, graph=graph, store=store, places=places, requirements=supply),
        )


def _locked_engine(lock: Lock | None, choice: EngineChoice) -> EngineChoice:
    """The engine of the lock: a locked run never changes it."""
    if lock is None:
        raise LockError(
            "there is none, and nothing is resolved with --locked",
            where=LOCK_NAME,
            hint="run `pylayer lock` and commit it",
        )
    if choice not in ("auto", lock.engine):
        raise LockError(
            f"was made with the {lock.engine} engine, and this run is to use {choice}",
            where=LOCK_NAME,
            hint=f"use --engine {lock.engine}, or run `pylayer lock --engine {choice}` and commit it",
        )
    return "docker" if lock.engine == "docker" else "local"
