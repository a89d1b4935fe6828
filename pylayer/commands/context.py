"""A workspace and what a run may do → the context of that run, put together and closed again."""

from __future__ import annotations

import os
import sysconfig
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pylayer import process
from pylayer.building.cross import Cross
from pylayer.building.dependencies import Dependencies
from pylayer.building.hosts import EngineHosts
from pylayer.building.projects import Projects
from pylayer.config.manifest import LOCK_NAME
from pylayer.engines import choose
from pylayer.errors import LockError, PylayerError
from pylayer.graph import Graph
from pylayer.index import settings, web
from pylayer.locks import lock as locks
from pylayer.locks.fetcher import Fetcher
from pylayer.locks.lock import Lock, Run
from pylayer.locks.lockresolver import LockResolver
from pylayer.locks.sourcing import choices, indexes
from pylayer.locks.thirdparty import ThirdParty
from pylayer.repair.repairer import Repairer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from pylayer.config.layers import Build
    from pylayer.config.manifest import EngineChoice
    from pylayer.graph import Watcher
    from pylayer.index.indexes import IndexSettings
    from pylayer.locks.thirdparty import Policy
    from pylayer.monorepo.trees import FileHashes
    from pylayer.monorepo.workspace import Workspace
    from pylayer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What a run works with; `before` is the lock as it was, empty where there was none."""

    found: Workspace
    before: Lock
    settings: IndexSettings
    graph: Graph
    hosts: EngineHosts
    third_party: ThirdParty
    projects: Projects
    dependencies: Dependencies
    repairer: Repairer

    async def errors(self, builds: Sequence[Build]) -> dict[str, PylayerError | None]:
        """Find all that goes into `builds` or is used on it; by build id, why that cannot be had."""
        errors = await self.dependencies.errors(builds)
        for build in builds:
            if not errors[build.id]:
                try:
                    await self.repairer.prepared(await self.dependencies.contents(build), build=build)
                except PylayerError as error:
                    errors[build.id] = error
        return errors

    def lock(self, *, complete: bool, settled: bool = False) -> Lock:
        """The lock after the run; see `pylayer.locks.lock.Run`."""
        run = Run(
            engine=self.hosts.engine,
            settings=choices(self.found.manifest, self.settings),
            builds=self.third_party.builds,
            environments=self.third_party.environments,
            images=self.hosts.images,
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
    index: FileHashes,
    note: Callable[[str], None],
    watcher: Watcher | None = None,
) -> AsyncIterator[RunContext]:
    """Open the engine and read the lock; raises LockError where a locked run has none that fits."""
    tables, pins = indexes(found.manifest)
    resolver = settings.read(found.manifest.root, tables=tables, pins=pins)
    before = locks.read(found.manifest.root / LOCK_NAME)
    if policy.locked:
        choice = _locked_engine(before, choice)
    graph = Graph(jobs=jobs or os.cpu_count() or 1, watcher=watcher)
    hosts = EngineHosts(
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
        stack.callback(hosts.close)
        stack.callback(process.kill_all)
        stack.callback(web.stop_all)
        await hosts.open()
        fetcher = Fetcher(settings=resolver, graph=graph, store=store)
        third_party = ThirdParty(
            found,
            lock=before or Lock(),
            settings=resolver,
            policy=policy,
            fetcher=fetcher,
            resolver=LockResolver(
                found.manifest,
                projects=found.projects.keys(),
                settings=resolver,
                fetcher=fetcher,
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
            hosts=hosts,
            requirements=third_party,
            crossing=Cross(requirements=third_party, graph=graph, store=store),
            index=index,
            unpacked=unpacked,
            note=note,
            dry=policy.dry,
        )
        fetcher.builder = projects
        yield RunContext(
            found=found,
            before=before or Lock(),
            settings=resolver,
            graph=graph,
            hosts=hosts,
            third_party=third_party,
            projects=projects,
            dependencies=Dependencies(found, graph=graph, projects=projects, distributions=third_party),
            repairer=Repairer(found, graph=graph, store=store, hosts=hosts, requirements=third_party),
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
