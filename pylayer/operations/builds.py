"""A run with something to do: workspace, engines, lock and pipeline put together, and closed again."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from pylayer.archives import catalogue
from pylayer.building.compiler import Compiler
from pylayer.config.manifest import LOCK_NAME
from pylayer.errors import LockError, PylayerError, UsageError
from pylayer.locks.thirdparty import Policy
from pylayer.monorepo import workspace
from pylayer.operations import context, headstart
from pylayer.outcomes import State
from pylayer.pipeline import Pipeline
from pylayer.state import durations, endings, history, lastrun, opening, snapshot, warnings, watch
from pylayer.state.snapshot import KeptBuild, Snapshot
from pylayer.trail import Trail
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from pylayer.activity import Activity
    from pylayer.building.hosts import EngineHosts
    from pylayer.config.hosting import EngineSettings
    from pylayer.config.layers import Build
    from pylayer.engines import Engine
    from pylayer.engines.placing import EnginePlace
    from pylayer.monorepo.trees import FileHashes
    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.employing import Workers
    from pylayer.outcomes import Outcome, Reporter
    from pylayer.pipeline import BuildResult, BuiltArchive
    from pylayer.state.opening import WorkspaceState
    from pylayer.store import Store

    Watched = tuple[list[Path], dict[str, str]]  # paths, and what version control says of folders


def run(
    manifest: Path,
    *,
    state: WorkspaceState,
    ready: Mapping[EnginePlace, Engine],
    only: Sequence[str],
    names: Sequence[str],
    engine: str,
    jobs: int,
    locked: bool,
    offline: bool,
    listing: bool,
    options: Mapping[str, Any],
    workers: str | Executor | None,
    reporter: Reporter,
    activity: Activity,
) -> list[Outcome]:
    """Build what is selected of a workspace, and keep for the next run what this one saw.

    `state` is that of the manifest, not open yet; engines that are `ready` are not connected to once more.

    Raises ManifestError, UsageError, EngineError (Docker asked for, and not there), StoreError, and LockError
    for all that a `locked` run lacks in the lock. With `listing`, archives that are known are not written.
    """
    refuse_event_loops()
    since = snapshot.now_ns()
    found = workspace.load(manifest)
    for fault in found.manifest.warnings:
        reporter.warn(fault)
    selected = workspace.select(found.builds, only, layers=names)
    activity.total = len(selected)
    activity.widest = max((len(build.id) for build in selected), default=0)
    engines = found.manifest.chosen_engine(engine)
    recorder = lastrun.Recorder()
    trail = Trail()
    listed = found.manifest.output / catalogue.NAME
    before = listed.read_bytes() if listed.is_file() else None
    attest = None
    if found.manifest.provenance.write:
        from pylayer.operations import attesting

        attest = partial(attesting.write, found, key=attesting.signer())
    with activity.at(trail.whole), ExitStack() as stack:
        stack.enter_context(opening.opened(found.manifest, note=reporter.note, state=state))
        sharing = stack.enter_context(context.shared(found, state.store, note=reporter.note, offline=offline))
        employed = stack.enter_context(context.employed(found, workers, sharing=sharing, note=reporter.note))
        attempt = partial(
            _run,
            found,
            selected,
            engines=engines,
            policy=Policy(locked=locked),
            jobs=jobs,
            store=state.store,
            hashes=state.hashes,
            recorder=recorder,
            trail=trail,
            reporter=reporter,
            activity=activity,
            offline=offline,
            listing=listing,
            workers=employed,
            until=stack,
        )
        made, hosts, watched = context.by_records_first(
            state.store,
            lambda *, by_records: attempt(by_records=by_records, ready=ready if by_records else {}),
        )
        if any(build.layer.verify for build in selected):
            from pylayer.verification import verifying

            made = verifying.judged(
                found,
                made,
                engine=engine,
                jobs=jobs,
                store=state.store,
                reporter=reporter,
                offline=offline,
            )
        news = []
        for identifier, result in made.items():
            if result.made:
                sha256 = result.made.archive.sha256
                if history.remember(state, identifier, result.made.parts, archive=sha256):
                    news.append(result)
                warnings.remember(state.store, identifier, sha256, result.outcome.warnings)
            endings.remember(state, result.outcome, result.works)
        _foresee(found, news, state=state)
        outcomes = [result.outcome for result in made.values()]
        ran = recorder.finish((result.outcome, result.stretches) for result in made.values())
        lastrun.save(state, ran, before=before, after=listed.read_bytes())
        headstart.remember(state, hosts.began)
        beside = attest(made, hosts=hosts) if attest else {}
        _remember(state, found, made, watched=watched, beside=beside, options=options, since=since)
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


async def _run(
    found: Workspace,
    selected: Sequence[Build],
    *,
    engines: EngineSettings,
    ready: Mapping[EnginePlace, Engine],
    policy: Policy,
    jobs: int,
    store: Store,
    hashes: FileHashes,
    recorder: lastrun.Recorder,
    trail: Trail,
    reporter: Reporter,
    activity: Activity,
    offline: bool,
    listing: bool,
    by_records: bool,
    workers: Workers | None,
    until: ExitStack,
) -> tuple[dict[str, BuildResult], EngineHosts, Watched]:
    """Make the archives of `selected`; how each build ended, where their Pythons were, and what to watch."""
    async with context.opened(
        found,
        engines=engines,
        ready=ready,
        policy=policy,
        jobs=jobs,
        store=store,
        hashes=hashes,
        note=reporter.note,
        watcher=recorder,
        activity=activity,
        trail=trail,
        offline=offline,
        by_records=by_records,
        workers=workers,
        until=until,
    ) as run:
        if policy.locked:
            refuse_stale((await run.errors(selected)).values())
        pipeline = Pipeline(
            run.context,
            dependencies=run.dependencies,
            bytecode=Compiler(run.context),
            repairer=run.repairer,
            rest=run.hosts.close,
            reporter=reporter,
            listing=listing and by_records,
        )
        graph = run.context.graph
        watching = asyncio.create_task(graph.compute_as(Urgency.PREPARE, partial(_watched, found)))
        made = await pipeline.run(selected)
        if not policy.locked:
            good = all(result.outcome.good for result in made.values())
            complete = good and len(selected) == len(found.builds)
            await run.keep_lock(complete=complete)
        watched = await watching
    return made, run.hosts, watched


def refuse_stale(errors: Iterable[PylayerError | None]) -> None:
    """Raise one LockError for all that the lock does not answer."""
    faults = {fault: None for error in errors if isinstance(error, LockError) for fault in error.faults}
    if faults:
        raise LockError.of(sorted(faults, key=lambda fault: fault.where))


def _foresee(found: Workspace, news: Sequence[BuildResult], *, state: WorkspaceState) -> None:
    """Keep what builds with something new in them came to, for who compares commits before building."""
    if not news:
        return
    from pylayer.locks import lock
    from pylayer.operations.foresight import Foresight, sources_by

    locked = lock.read(found.manifest.root / LOCK_NAME) or lock.Lock()
    foresight = Foresight(found, lock=locked, store=state.store, sources=sources_by(state.hashes))
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
    """What tells the next run that nothing changed; found out while builds wait, and as safe as later.

    What comes or goes meanwhile changes a folder among it, which `snapshot.take` sees.
    """
    return watch.paths(found), watch.described(found)


def _remember(
    state: WorkspaceState,
    found: Workspace,
    made: Mapping[str, BuildResult],
    *,
    watched: Watched,
    beside: Mapping[str, Sequence[Path]],
    options: Mapping[str, Any],
    since: int,
) -> None:
    """Keep what tells the next run that nothing changed; earlier builds stay where nothing else did."""
    before = snapshot.load(state)
    lock_path = found.manifest.root / LOCK_NAME
    watching, described = watched
    taken = snapshot.take(watching, since_ns=since, ours=[lock_path])
    if taken is None:
        snapshot.forget(state)
        return
    paths, unsettled = taken
    builds = {
        name: _kept(result.outcome, result.made, beside.get(name, ()))
        for name, result in made.items()
        if result.made and result.made.archive.path.is_file()
    }
    if before and (before.options, before.paths, before.described) == (options, paths, described):
        others = {name: kept for name, kept in before.builds.items() if name not in made}
        builds = {**others, **builds}
    snapshot.save(
        state,
        Snapshot(
            options=options,
            paths=paths,
            unsettled=unsettled,
            described=described,
            builds=builds,
            all_builds={build.id: build.layer.name for build in found.builds},
        ),
    )


def _kept(outcome: Outcome, made: BuiltArchive, beside: Sequence[Path]) -> KeptBuild:
    return KeptBuild(
        layer=outcome.layer,
        wheels=outcome.wheels,
        size=outcome.size,
        unzipped_size=outcome.unzipped_size,
        sha256=outcome.sha256,
        warnings=outcome.warnings,
        path=str(made.archive.path),
        status=snapshot.status_of_output(made.archive.path),
        beside={str(path): snapshot.status_of_output(path) for path in beside},
    )
