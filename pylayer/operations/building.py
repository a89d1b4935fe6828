"""A choice of builds → their archives: what did not change is known by files' status, the rest is built."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.operations import unchanged
from pylayer.operations.buildreport import BuildReport
from pylayer.operations.buildrequest import BuildRequest
from pylayer.operations.inturn import following, in_turn, several, shown
from pylayer.state import opening, snapshot

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from pylayer.outcomes import Reporter


def build(
    manifest: str | os.PathLike[str],
    *,
    only: str | Sequence[str] = (),
    layers: str | Sequence[str] = (),
    engine: str = "",
    jobs: int = 0,
    locked: bool = False,
    verify_outputs: bool = False,
    offline: bool = False,
    listing: bool = False,
    workers: str | Executor | None = None,
    reporter: Reporter | None = None,
) -> BuildReport:
    """Build the archives of layers, into the output folder that layers.toml names.

    `only` and `layers` are names of layers or identifiers of builds, one or several, globs allowed. What both
    choose is built; an empty one chooses all. `engine` overrides layers.toml. `jobs` is how many processors
    may be kept busy (0: all). With `locked`, nothing is resolved: layers.lock must have it all. Of builds
    that no change since the last run has to do with, only the size and time of files are looked at; with
    `verify_outputs`, their archives are read too. With `offline`, neither an index nor a shared store is
    asked. With `listing`, layers.json is brought up to date, for whoever compares it with AWS, but archives
    that are known already are not written. `workers` do builds on other machines: those of a dask scheduler
    at this address ("": the one in layers.toml), or those of an executor. A build that fails does not end the
    others: the report has it, and its `raise_for_errors` raises what was wrong.

    Raises ManifestError, UsageError (a name that means nothing, an event loop that runs in this thread),
    EngineError (Docker asked for, and not there), LockError (all that a `locked` run lacks), StoreError.
    """
    asked = BuildRequest(
        only=several(only),
        layers=several(layers),
        engine=engine,
        jobs=jobs,
        locked=locked,
        verify_outputs=verify_outputs,
        offline=offline,
        listing=listing,
        workers=workers,
    )
    return made(Path(manifest), asked, reporter=reporter)


def made(manifest: Path, asked: BuildRequest, *, reporter: Reporter | None) -> BuildReport:
    """Build what is asked for; see `build`."""
    started = time.perf_counter()
    with in_turn(reporter) as told:
        options = snapshot.options(engine=asked.engine, locked=asked.locked)
        since = snapshot.now_ns()
        state = opening.glance(manifest, note=told.note)
        found = unchanged.look(
            state, options, only=asked.only, names=asked.layers, by_hash=asked.verify_outputs
        )
        if found.all_kept:
            outcomes = [unchanged.outcome_of(name, one) for name, one in found.kept.items()]
            for outcome in outcomes:
                told.outcome(outcome)
        else:
            from pylayer.activity import Activity
            from pylayer.operations import headstart

            activity = Activity(note=told.note)
            edited = found.edited and asked.workers is None
            with following(told, activity), headstart.taken(state, edited=edited) as engines:
                from pylayer.operations import buildruns

                outcomes = buildruns.run(
                    manifest,
                    asked,
                    state=state,
                    standing=found,
                    since=since,
                    ready=engines,
                    options=options,
                    reporter=told,
                    activity=activity,
                )
    seconds = time.perf_counter() - started
    outcomes = [shown(outcome) for outcome in outcomes]
    return BuildReport(outcomes=tuple(outcomes), seconds=seconds, unchanged=found.all_kept)
