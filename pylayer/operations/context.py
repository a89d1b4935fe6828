"""A workspace and what a run may do → the context of that run, put together and closed again."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pylayer import envtable, process
from pylayer.activity import Activity
from pylayer.building import facts
from pylayer.building.context import RunContext
from pylayer.building.cross import Cross
from pylayer.building.dependencies import Dependencies
from pylayer.building.hosts import EngineHosts, KnownPythons
from pylayer.building.projects import Projects
from pylayer.config.manifest import LOCK_NAME
from pylayer.dataclassing import dataclass
from pylayer.engines import ImageChoice, choose, placing
from pylayer.errors import LockError, MisledError, PylayerError
from pylayer.graph import Graph
from pylayer.index import transfers
from pylayer.index.indexes import ALL
from pylayer.locks import lock as locks
from pylayer.locks.fetcher import Fetcher
from pylayer.locks.lock import Lock, Run
from pylayer.locks.lockresolver import LockResolver
from pylayer.locks.provenances import Provenances
from pylayer.locks.sourcing import choices, settings_of
from pylayer.locks.standing import StandingLock
from pylayer.locks.thirdparty import ThirdParty
from pylayer.processors import confined
from pylayer.repair.repairer import Repairer
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager, ExitStack

    from pylayer.config.hosting import EngineSettings
    from pylayer.config.layers import Build
    from pylayer.engines import Engine
    from pylayer.engines.placing import EnginePlace
    from pylayer.graph import Watcher
    from pylayer.index.indexes import IndexSettings
    from pylayer.locks.standing import Policy
    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.employing import Workers
    from pylayer.operations.sharing import Sharing
    from pylayer.state.opening import WorkspaceState
    from pylayer.store import Store
    from pylayer.trail import Trail

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that can begin; `before` is the lock as it was, empty where there was none.

    `settings` are those that decide a resolution, as the lock keeps them.
    """

    context: RunContext
    hosts: EngineHosts
    before: Lock
    settings: Mapping[str, Any]
    third_party: ThirdParty
    projects: Projects
    dependencies: Dependencies
    repairer: Repairer

    async def errors(self, builds: Sequence[Build]) -> dict[str, PylayerError | None]:
        """Find all that goes into `builds` or is used on it; by build id, why that is not possible."""
        errors = await self.dependencies.errors(builds)
        for build in builds:
            if not errors[build.id]:
                try:
                    await self.repairer.prepared(await self.dependencies.contents(build), build=build)
                except PylayerError as error:
                    errors[build.id] = error
        return errors

    async def keep_lock(self, *, complete: bool, dry: bool = False) -> tuple[Lock, bool]:
        """Write the lock after the run, see `pylayer.locks.lock.Run`; the lock, and whether it changed.

        With `dry` nothing is written: it says whether it would change.
        """
        await self.third_party.environments.settled()
        found = self.context.workspace
        run = Run(
            settings=self.settings,
            builds=self.third_party.builds,
            environments=self.third_party.environments.entries,
            images=self.hosts.images,
            replaced=frozenset(self.third_party.environments.replaced),
            runtimes=frozenset(build.target.runtime.name for build in found.builds),
            complete=complete,
        )
        path, known = found.manifest.root / LOCK_NAME, [build.id for build in found.builds]
        return locks.keep(path, run, before=self.before, known=known, dry=dry)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMeans:
    """What a run has to work with, and who hears of it.

    `jobs` is how many processors may be kept busy (0: all). Engines that are `ready` are taken as they are.
    What an image alone decides, `workers` build, where there are any. `until` is left after the run, and
    engines may take until then to end.
    """

    engines: EngineSettings
    state: WorkspaceState
    note: Callable[[str], None]
    jobs: int = 0
    offline: bool = False
    workers: Workers | None = None
    ready: Mapping[EnginePlace, Engine] = field(default_factory=dict)
    watcher: Watcher | None = None
    activity: Activity = field(default_factory=Activity)
    trail: Trail | None = None
    until: ExitStack | None = None


@asynccontextmanager
async def opened(
    found: Workspace, means: RunMeans, *, policy: Policy, by_records: bool = False
) -> AsyncIterator[OpenRun]:
    """Open the engine and read the lock; raises LockError where a locked run has none.

    No engine is asked before something is done in it, as far as the store knows `by_records` what it would
    say; a MisledError says that it is not so.
    """
    store = means.state.store
    index_settings = settings_of(found, offline=means.offline)
    before = locks.read(found.manifest.root / LOCK_NAME)
    if policy.locked and before is None:
        raise LockError(
            "there is none, and nothing is resolved with --locked",
            where=LOCK_NAME,
            hint="run `pylayer lock` and commit it",
        )
    count = means.jobs or os.cpu_count() or 1
    graph = Graph(
        jobs=count,
        away=means.workers.places if means.workers else 0,
        watcher=means.watcher,
        activity=means.activity,
        trail=means.trail,
    )
    known = KnownPythons(store=store)
    if by_records and before and not policy.upgrade_all:
        known = _known_pythons(found, means.engines, before, store=store)
    hosts = EngineHosts(
        means.engines,
        connect=lambda place: _connected(place, store=store, workers=means.workers),
        graph=graph,
        note=means.note,
        ready=means.ready,
        choice=ImageChoice(
            digests=before.images if before and not policy.upgrade_all else {},
            strict=policy.locked,
            newest=policy.upgrade_all,
        ),
        known=known,
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(confined(count))
        # The other way round at the end: engines first, so that what is still running in them ends.
        stack.push_async_callback(graph.stop)
        (means.until or stack).callback(hosts.close)
        stack.callback(process.kill_all)
        stack.callback(transfers.stop_all)
        await hosts.open()
        context = RunContext(workspace=found, graph=graph, store=store, hosts=hosts, note=means.note)
        chosen = choices(found, index_settings)
        fetcher = Fetcher(context, settings=index_settings)
        third_party = ThirdParty(
            context,
            standing=StandingLock(found, before=before or Lock(), settings=chosen, policy=policy),
            fetcher=fetcher,
            provenances=Provenances(found, index_settings),
            resolver=LockResolver(context, settings=_asked_anew(index_settings, policy), fetcher=fetcher),
        )
        projects = Projects(
            context,
            requirements=third_party,
            crossing=Cross(context, requirements=third_party),
            hashes=means.state.hashes,
            unpacked=stack.enter_context(store.scratch()),
            dry=policy.dry,
        )
        fetcher.builder = projects
        yield OpenRun(
            context=context,
            hosts=hosts,
            before=before or Lock(),
            settings=chosen,
            third_party=third_party,
            projects=projects,
            dependencies=Dependencies(context, projects=projects, distributions=third_party),
            repairer=Repairer(context, requirements=third_party),
        )


def _connected(place: EnginePlace, *, store: Store, workers: Workers | None) -> Engine:
    """The engine at a place; on this machine's own, workers do what an image alone decides."""
    if workers and place.kind.has_images and not place.at:
        return workers.engine(place.kind, lambda: choose.connect(place, store=store))
    return choose.connect(place, store=store)


def employed(
    found: Workspace,
    asked: str | Executor | None,
    *,
    sharing: Sharing | None,
    note: Callable[[str], None],
) -> AbstractContextManager[Workers | None]:
    """Look for the workers that a run asks for, None where it does not."""
    if asked is None:
        return nullcontext()
    from pylayer.operations import employing

    machine = os.uname().machine
    return employing.employed(found.manifest, asked, sharing=sharing, own=machine, note=note)


def shared(
    found: Workspace, store: Store, *, note: Callable[[str], None], offline: bool
) -> AbstractContextManager[Sharing | None]:
    """Put the shared store behind that of this machine for one run, where one may be asked."""
    if offline or not (found.manifest.cache.remote or envtable.REMOTE_CACHE in os.environ):
        return nullcontext()
    from pylayer.operations.sharing import of_run

    return of_run(found.manifest, store, note=note)


def by_records_first(store: Store, attempt: Callable[..., Coroutine[Any, Any, T]]) -> T:
    """Run what may go by records alone; and once more by what is there, where it says that they misled it."""
    store.eager = False
    try:
        return asyncio.run(attempt(by_records=True))
    except MisledError:
        store.eager = True
        return asyncio.run(attempt(by_records=False))


def _asked_anew(settings: IndexSettings, policy: Policy) -> IndexSettings:
    """The settings with which upgrades are looked for: a page of some minutes ago is no answer."""
    fresh = frozenset({ALL}) if policy.upgrade_all else policy.upgrade
    return replace(settings, fresh=fresh) if fresh else settings


def _known_pythons(found: Workspace, engines: EngineSettings, lock: Lock, *, store: Store) -> KnownPythons:
    """What the first engine would say of the lock's images on a machine as this one is."""
    place = placing.every(engines)[0]
    pythons = {}
    if place.kind.has_images:
        both = (
            replace(build.target, architecture=architecture)
            for build in found.builds
            for architecture in Architecture
        )
        pythons = facts.known(both, lock.images, kind=place.kind, store=store)
    return KnownPythons(
        store=store, architecture=Architecture.of_machine(os.uname().machine), by_target=pythons
    )
