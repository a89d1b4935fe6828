"""A run with something to do: workspace, engines, lock and pipeline put together, and closed again."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pylayer import lock as locks
from pylayer import process, settings, snapshot, trees, watch, workspace
from pylayer.companions import Compiler
from pylayer.engines import choose
from pylayer.errors import UsageError
from pylayer.graph import Graph
from pylayer.lock import Lock
from pylayer.manifest import LOCK_NAME
from pylayer.pipeline import Pipeline
from pylayer.places import EnginePlaces
from pylayer.projects import Projects
from pylayer.snapshot import Kept, Snapshot
from pylayer.store import Store, default_root
from pylayer.supply import Supply, choices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.manifest import Build, EngineChoice
    from pylayer.outcomes import Outcome, Reporter
    from pylayer.pipeline import Made
    from pylayer.workspace import Workspace

_CHOICES: dict[str, EngineChoice] = {"auto": "auto", "docker": "docker", "local": "local"}


def run(  # noqa: PLR0913  the options of a run
    manifest: Path,
    *,
    only: Sequence[str],
    names: Sequence[str],
    engine: str,
    jobs: int,
    options: Mapping[str, Any],
    state: Path,
    reporter: Reporter,
) -> list[Outcome]:
    """Build what is selected of a workspace, and keep for the next run what this one saw.

    Raises ManifestError, UsageError, EngineError (Docker asked for, and not there), StoreError.
    """
    since = snapshot.now_ns()
    found = workspace.load(manifest)
    for fault in found.manifest.warnings:
        reporter.warn(fault)
    selected = workspace.select(found.builds, only, layers=names)
    choice = _choice(engine, found)
    store = Store(default_root(), note=reporter.note)
    store.open()
    try:
        index = trees.Index.load(store.root / "files.json")
        made = asyncio.run(
            _run(found, selected, choice=choice, jobs=jobs, store=store, index=index, reporter=reporter)
        )
        index.save()
    finally:
        store.close()
    _remember(state, found, made, options=options, since=since)
    return [outcome for outcome, _ in made.values()]


async def _run(  # noqa: PLR0913  the seams of a run
    found: Workspace,
    selected: Sequence[Build],
    *,
    choice: EngineChoice,
    jobs: int,
    store: Store,
    index: trees.Index,
    reporter: Reporter,
) -> dict[str, tuple[Outcome, Made | None]]:
    graph = Graph(jobs=jobs or os.cpu_count() or 1)
    places = EnginePlaces(
        choice,
        docker=lambda: choose.docker(cache=store.root / "engines"),
        local=lambda: choose.local(cache=store.root / "engines"),
        graph=graph,
        note=reporter.note,
    )
    async with AsyncExitStack() as stack:
        # The other way round at the end: engines first, so that what is still running in them ends.
        stack.push_async_callback(graph.stop)
        stack.callback(places.close)
        stack.callback(process.kill_all)
        await places.open()
        lock_path = found.manifest.root / LOCK_NAME
        before = locks.read(lock_path)
        resolver = settings.read(found.manifest.root)
        supply = Supply(
            found, lock=before or Lock(), settings=resolver, graph=graph, store=store, locked=False
        )
        projects = Projects(
            found,
            graph=graph,
            store=store,
            places=places,
            requirements=supply,
            index=index,
            unpacked=stack.enter_context(store.scratch()),
        )
        supply.sources = projects
        pipeline = Pipeline(
            found,
            graph=graph,
            store=store,
            projects=projects,
            distributions=supply,
            bytecode=Compiler(graph=graph, store=store, places=places, note=reporter.note),
            reporter=reporter,
        )
        made = await pipeline.run(selected)
        after = replace(
            before or Lock(engine=places.engine), settings=choices(found.manifest, resolver)
        ).merged(
            builds=supply.builds,
            environments=supply.environments,
            images={},
            known=[build.id for build in found.builds],
        )
        locks.write(lock_path, after)
    return made


def _choice(engine: str, found: Workspace) -> EngineChoice:
    if not engine:
        return found.manifest.engine
    if engine not in _CHOICES:
        raise UsageError(
            f"there is no engine {engine!r}", where="--engine", hint=f"one of {', '.join(_CHOICES)}"
        )
    return _CHOICES[engine]


def _remember(
    state: Path,
    found: Workspace,
    made: Mapping[str, tuple[Outcome, Made | None]],
    *,
    options: Mapping[str, Any],
    since: int,
) -> None:
    """Keep what the next run needs to know that nothing changed; earlier builds stay where nothing else did."""
    before = snapshot.load(state)
    lock_path = found.manifest.root / LOCK_NAME
    taken = snapshot.take(watch.paths(found), since_ns=since, ours=[lock_path])
    if taken is None:
        state.unlink(missing_ok=True)
        return
    paths, unsettled = taken
    described = watch.described(found)
    builds = {identifier: _kept(outcome, one) for identifier, (outcome, one) in made.items() if one}
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


def _kept(outcome: Outcome, made: Made) -> Kept:
    return Kept(
        layer=outcome.build.layer.name,
        wheels=outcome.wheels,
        size=outcome.size,
        unzipped_size=outcome.unzipped_size,
        sha256=outcome.sha256,
        notes=outcome.notes,
        path=str(made.archive.path),
        status=snapshot.status_of_output(made.archive.path),
    )
