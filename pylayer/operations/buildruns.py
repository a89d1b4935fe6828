"""A run with something to do: workspace, engines, lock and pipeline put together, and closed again."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pylayer.archives import catalogue
from pylayer.building.compiler import Compiler
from pylayer.config.manifest import LOCK_NAME
from pylayer.dataclassing import dataclass
from pylayer.errors import LockError, PylayerError, UsageError
from pylayer.locks.standing import Policy
from pylayer.monorepo import workspace
from pylayer.operations import context, headstart, remaining
from pylayer.operations.context import RunMeans
from pylayer.operations.unchanged import outcome_of
from pylayer.outcomes import Reporter, State
from pylayer.pipeline import Pipeline
from pylayer.state import durations, endings, history, lastrun, opening, snapshot, warnings, watch
from pylayer.state.snapshot import KeptBuild, Snapshot
from pylayer.store import hash_file
from pylayer.trail import Trail
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.activity import Activity
    from pylayer.archives.archive import Archive
    from pylayer.building.hosts import EngineHosts
    from pylayer.config.layers import Build
    from pylayer.engines import Engine
    from pylayer.engines.placing import EnginePlace
    from pylayer.errors import Fault
    from pylayer.keys import Parts
    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.buildrequest import BuildRequest
    from pylayer.operations.unchanged import Standing
    from pylayer.outcomes import Outcome
    from pylayer.pipeline import BuildResult, BuiltArchive
    from pylayer.state.opening import WorkspaceState
    from pylayer.store import Store

    Watched = tuple[dict[tuple[str, ...], list[Path]], dict[str, str]]  # see _watched


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """How each build ended, where their Pythons were, what to watch, and whether layers.lock changed."""

    made: dict[str, BuildResult]
    hosts: EngineHosts
    watched: Watched
    lock_changed: bool


class _Rest(Reporter):
    """Tells another Reporter of all builds but those that were `told`, and of these what went wrong since."""

    def __init__(self, reporter: Reporter, *, told: Collection[str]) -> None:
        self._reporter = reporter
        self._told = frozenset(told)

    def note(self, text: str) -> None:
        self._reporter.note(text)

    def warn(self, fault: Fault) -> None:
        self._reporter.warn(fault)

    def outcome(self, outcome: Outcome) -> None:
        if outcome.build not in self._told or not outcome.good:
            self._reporter.outcome(outcome)


def run(
    manifest: Path,
    asked: BuildRequest,
    *,
    state: WorkspaceState,
    standing: Standing,
    since: int,
    ready: Mapping[EnginePlace, Engine],
    options: Mapping[str, Any],
    reporter: Reporter,
    activity: Activity,
) -> list[Outcome]:
    """Build what is selected of a workspace, and keep for the next run what this one saw.

    `state` is that of the manifest, not open yet; engines that are `ready` are not connected to once more.
    What is `standing` of the last run's is left as it is; it was looked at no sooner than at `since`.

    Raises ManifestError, UsageError, EngineError (Docker asked for, and not there), StoreError, and LockError
    for all that a locked run lacks in the lock.
    """
    refuse_event_loops()
    found = workspace.load(manifest, warn=reporter.warn)
    selected = workspace.select(found.builds, asked.only, layers=asked.layers)
    listed = found.manifest.output / catalogue.NAME
    before = listed.read_bytes() if listed.is_file() else None
    recorder = lastrun.Recorder()
    trail = Trail()
    attest = _attesting(found)
    with activity.at(trail.whole), ExitStack() as stack:
        stack.enter_context(opening.opened(found.manifest, note=reporter.note, state=state))
        sharing = stack.enter_context(
            context.shared(found, state.store, note=reporter.note, offline=asked.offline)
        )
        employed = stack.enter_context(
            context.employed(found, asked.workers, sharing=sharing, note=reporter.note)
        )
        # What is added to a shared store is what all builds came to.
        adds = sharing is not None and sharing.adds
        kept = {} if adds else remaining.kept(standing, found, listed=before)
        running = [build for build in selected if build.id not in kept]
        activity.total = len(running)
        activity.widest = max((len(build.id) for build in running), default=0)
        means = RunMeans(
            engines=found.manifest.chosen_engine(asked.engine),
            state=state,
            note=reporter.note,
            jobs=asked.jobs,
            offline=asked.offline,
            workers=employed,
            ready=ready,
            watcher=recorder,
            activity=activity,
            trail=trail,
            until=stack,
        )
        ran = _run(found, running, asked=asked, means=means, reporter=reporter)
        made = ran.made
        # All builds together decide what the lock has, and should be made by one Python.
        if kept and (ran.lock_changed or _by_other_pythons(state, made)):
            kept, activity.total = {}, len(selected)
            rest = _Rest(reporter, told=made.keys())
            ran = _run(found, selected, asked=asked, means=replace(means, ready={}), reporter=rest)
            made = {
                name: made.get(name, result) if result.outcome.good else result
                for name, result in ran.made.items()
            }
        if any(build.layer.verify for build in selected):
            made = _verified(found, made, asked=asked, store=state.store, reporter=reporter)
        _learn(state, found, made)
        outcomes = _outcomes(selected, made, kept=kept, reporter=reporter)
        stretches = {name: result.stretches for name, result in made.items()}
        last = recorder.finish((outcome, stretches.get(outcome.build, ())) for outcome in outcomes)
        lastrun.save(state, last, before=before, after=listed.read_bytes())
        headstart.remember(state, ran.hosts.began)
        beside = attest(made, hosts=ran.hosts) if attest else {}
        _remember(
            state,
            found,
            made,
            kept=kept,
            standing=standing,
            watched=ran.watched,
            beside=beside,
            options=options,
            since=since,
            listing=asked.listing,
        )
        if sharing:
            well = not any(outcome.error for outcome in outcomes)
            sharing.end(state.store, selected, of=len(found.builds), well=well)
    return outcomes


def refuse_event_loops() -> None:
    """Say what to do where a program, or a notebook, has an event loop running in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise UsageError(
        "cannot build in a thread whose event loop is running",
        hint="write `await asyncio.to_thread(pylayer.build, …)`",
    )


def _attesting(found: Workspace) -> Callable[..., Mapping[str, Sequence[Path]]] | None:
    """What writes statements of archives, with a key that can be read, if layers.toml wants them."""
    if not found.manifest.provenance.write:
        return None
    from pylayer.operations import attesting

    return partial(attesting.write, found, key=attesting.signer())


def _run(
    found: Workspace, builds: Sequence[Build], *, asked: BuildRequest, means: RunMeans, reporter: Reporter
) -> _Ran:
    """Make the archives of `builds`, by records if they mislead nobody."""
    making = partial(_made, found, builds, asked=asked, means=means, reporter=reporter)
    return context.by_records_first(means.state.store, making)


async def _made(
    found: Workspace,
    builds: Sequence[Build],
    *,
    asked: BuildRequest,
    means: RunMeans,
    reporter: Reporter,
    by_records: bool,
) -> _Ran:
    policy = Policy(locked=asked.locked)
    if not by_records:
        means = replace(means, ready={})
    async with context.opened(found, means, policy=policy, by_records=by_records) as run:
        if policy.locked:
            refuse_stale((await run.errors(builds)).values())
        pipeline = Pipeline(
            run.context,
            dependencies=run.dependencies,
            bytecode=Compiler(run.context),
            repairer=run.repairer,
            rest=run.hosts.close,
            reporter=reporter,
            listing=asked.listing and by_records,
        )
        graph = run.context.graph
        watching = asyncio.create_task(graph.compute_as(Urgency.PREPARE, partial(_watched, found)))
        made, lock_changed = await pipeline.run(builds), False
        if not policy.locked:
            good = all(result.outcome.good for result in made.values())
            complete = good and len(builds) == len(found.builds)
            _, lock_changed = await run.keep_lock(complete=complete)
        watched = await watching
    return _Ran(made=made, hosts=run.hosts, watched=watched, lock_changed=lock_changed)


def _verified(
    found: Workspace,
    made: dict[str, BuildResult],
    *,
    asked: BuildRequest,
    store: Store,
    reporter: Reporter,
) -> dict[str, BuildResult]:
    """Have archives imported and invoked whose layers want that; a build whose archive fails has failed."""
    from pylayer.verification import verifying

    return verifying.judged(
        found,
        made,
        engine=asked.engine,
        jobs=asked.jobs,
        store=store,
        reporter=reporter,
        offline=asked.offline,
    )


def refuse_stale(errors: Iterable[PylayerError | None]) -> None:
    """Raise one LockError for all that the lock does not answer."""
    faults = {fault: None for error in errors if isinstance(error, LockError) for fault in error.faults}
    if faults:
        raise LockError.of(sorted(faults, key=lambda fault: fault.where))


def _by_other_pythons(state: WorkspaceState, made: Mapping[str, BuildResult]) -> bool:
    """Whether a build that was made before is made by another Python now: that of a new image, say."""
    for name, result in made.items():
        past = history.recall(state, name)
        if past and result.made and _have_other_pythons(past.parts, result.made.parts):
            return True
    return False


def _have_other_pythons(then: Parts, now: Parts) -> bool:
    """Whether the same projects, or their bytecode, were made by other Pythons."""
    word = "bytecode compiled by"
    return then.get(word) != now.get(word) or any(
        then["projects"][project].get(part) != parts.get(part)
        for project, parts in now["projects"].items()
        if project in then["projects"]
        for part in ("python", "interpreter", "images")
    )


def _learn(state: WorkspaceState, found: Workspace, made: Mapping[str, BuildResult]) -> None:
    """Keep what each build was made of and how it ended."""
    news = []
    for identifier, result in made.items():
        if result.made:
            sha256 = result.made.archive.sha256
            if history.remember(state, identifier, result.made.parts, archive=sha256):
                news.append(result)
            warnings.remember(state.store, identifier, sha256, result.outcome.warnings)
        endings.remember(state, result.outcome, result.works)
    _foresee(found, news, state=state)


def _outcomes(
    selected: Sequence[Build],
    made: Mapping[str, BuildResult],
    *,
    kept: Mapping[str, KeptBuild],
    reporter: Reporter,
) -> list[Outcome]:
    """How each build ended; those that were not looked at are told of here."""
    outcomes = []
    for build in selected:
        if build.id in made:
            outcomes.append(made[build.id].outcome)
        else:
            outcomes.append(outcome_of(build.id, kept[build.id]))
            reporter.outcome(outcomes[-1])
    return outcomes


def _foresee(found: Workspace, news: Sequence[BuildResult], *, state: WorkspaceState) -> None:
    """Keep what builds with something new in them came to, for who compares commits before building."""
    if not news:
        return
    from pylayer.operations.foresight import Foresight

    foresight = Foresight.of_today(found, state)
    for result in news:
        assert result.made is not None
        with suppress(PylayerError):  # it only makes later answers more exact
            foresight.remember(
                result.build,
                result.made.wheels,
                seen=result.made.parts["projects"],
                archive=result.made.archive.sha256,
            )
        if result.outcome.state is State.BUILT:
            durations.remember(state.store, result.build.id, result.outcome.seconds)


def _watched(found: Workspace) -> Watched:
    """The paths to watch, by projects, and what version control says of folders.

    It is found out while builds wait, and is as good as later: what comes or goes meanwhile changes a folder
    among it, which `snapshot.take` sees.
    """
    return watch.by_project(found), watch.described(found)


def _remember(
    state: WorkspaceState,
    found: Workspace,
    made: Mapping[str, BuildResult],
    *,
    kept: Mapping[str, KeptBuild],
    standing: Standing,
    watched: Watched,
    beside: Mapping[str, Sequence[Path]],
    options: Mapping[str, Any],
    since: int,
    listing: bool,
) -> None:
    """Keep what tells the next run that nothing changed; earlier builds stay where nothing else did."""
    # Where some are kept, those are all that stands; else another run may have ended meanwhile.
    before = None if kept else snapshot.load(state)
    lock_path = found.manifest.root / LOCK_NAME
    groups, described = watched
    watching = (path for group in groups.values() for path in group)
    if (taken := snapshot.take(watching, since_ns=since, ours=[lock_path])) is None:
        snapshot.forget(state)
        return
    paths, unsettled = taken
    names = {project.path: name for name, project in found.projects.items()}
    builds = {
        name: _kept(result, result.made, names=names, beside=beside.get(name, ()))
        for name, result in made.items()
        if result.made and _is_there(result.made.archive, listing=listing)
    }
    if before and (before.options, before.paths, before.described) == (options, paths, described):
        kept = {**before.builds, **kept}
    now = Snapshot(
        options=options,
        paths=paths,
        unsettled=unsettled,
        described=described,
        builds={**{name: one for name, one in kept.items() if name not in made}, **builds},
        all_builds={build.id: build.layer.name for build in found.builds},
        groups=tuple((owners, len(group)) for owners, group in groups.items()),
        projects={name: str(path) for path, name in names.items()},
    )
    if kept and standing.seen and not standing.held(now):
        snapshot.forget(state)  # something else has changed meanwhile, which nobody looked at
        return
    snapshot.save(state, now)


def _is_there(archive: Archive, *, listing: bool) -> bool:
    """Whether an archive was written: a run for a listing leaves what was there before."""
    path = archive.path
    return path.is_file() and not (listing and hash_file(path) != archive.sha256)


def _kept(
    result: BuildResult, made: BuiltArchive, *, names: Mapping[Path, str], beside: Sequence[Path]
) -> KeptBuild:
    outcome = result.outcome
    return KeptBuild(
        layer=outcome.layer,
        wheels=outcome.wheels,
        size=outcome.size,
        unzipped_size=outcome.unzipped_size,
        sha256=outcome.sha256,
        warnings=outcome.warnings,
        path=str(made.archive.path),
        status=snapshot.status_of_output(made.archive.path),
        projects=tuple(sorted(names[path] for path in result.projects if path in names)),
        tried=result.tried,
        beside={str(path): snapshot.status_of_output(path) for path in beside},
    )
