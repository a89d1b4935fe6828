"""A manifest → the wheels that are missing, divided; a share of them → wheels, here and in the shared store.

A share is the same on every machine, though each sees the store at another moment: a plan says what is in it,
or without one the names of projects do.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.activity import Activity
from pylayer.building.pace import Pace
from pylayer.errors import PylayerError, UsageError
from pylayer.locks.standing import Policy
from pylayer.monorepo import workspace
from pylayer.names import required_name
from pylayer.operations import context, dividing, wheelplans
from pylayer.operations.buildreport import BuildReport
from pylayer.operations.buildruns import refuse_event_loops, refuse_stale
from pylayer.operations.context import RunMeans
from pylayer.operations.foresight import Foresight
from pylayer.operations.inturn import following, in_turn, shown
from pylayer.operations.missing import Finder, Missing
from pylayer.operations.wheelmaking import WheelMaker
from pylayer.operations.wheelplans import WantedWheels, WheelPlan
from pylayer.state import opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path

    from pylayer.config.layers import Build
    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.dividing import MissingWheel
    from pylayer.operations.sharing import Sharing
    from pylayer.outcomes import Outcome, Reporter
    from pylayer.targets import Architecture

MOST = 256  # shares: as many jobs as a matrix of GitHub's has, and as many heads as a run reads


def plan(
    manifest: Path,
    *,
    only: Sequence[str] | None,
    shards: int,
    engine: str,
    jobs: int,
    locked: bool,
    reporter: Reporter,
) -> WheelPlan:
    """Find the wheels that builds lack, and divide them into `shards` (0: as many as the work is worth).

    `only` chooses builds: all where it is empty, and none where it is None. Nothing is built or written.
    Raises ManifestError, UsageError, EngineError, StoreError, and LockError for all that a `locked` plan
    lacks.
    """
    with _opened(manifest, only, engine=engine, jobs=jobs, locked=locked, reporter=reporter) as run:
        missing, own = run.missing()
        run.tell(missing.errors)
        wheels, alone = missing.wheels, missing.alone
        if run.sharing is None:  # stores that jobs pass on have these, too
            wheels, alone = (*wheels, *alone), ()
        return WheelPlan(
            architecture=own,
            targets=tuple(sorted({build.target for build in run.selected}, key=str)),
            shares=tuple(dividing.divided(wheels, shards=shards, own=own, most=MOST)),
            kept=missing.kept,
            alone=alone,
        )


def make(
    manifest: Path,
    *,
    only: Sequence[str],
    share: tuple[int, int] | None,
    planned: Path | None,
    first: bool,
    engine: str,
    jobs: int,
    locked: bool,
    offline: bool,
    workers: str | Executor | None = None,
    reporter: Reporter,
) -> BuildReport:
    """Build a share of the wheels that builds lack, or all, and add them to the shared store.

    `share` is a number and of how many. `planned` is the document of a plan, which says what is in it;
    without one, projects are divided by their names. With `first`, only wheels that builds need are built.
    Raises as `plan`, and UsageError for a share that the plan has not.
    """
    started = time.perf_counter()
    with _opened(
        manifest,
        only,
        engine=engine,
        jobs=jobs,
        locked=locked,
        offline=offline,
        workers=workers,
        reporter=reporter,
    ) as run:
        if planned:
            wanted = wheelplans.read(planned, share, run.found)
        else:
            missing, own = run.missing()
            wanted = run.chosen(missing, own, share=share, first=first)
        outcomes = asyncio.run(run.made(wanted, share=share))
        if run.sharing:
            run.sharing.end_share(run.state.store, f"share-{share[0]:03}" if share else "wheels")
    return BuildReport(
        outcomes=tuple(map(shown, outcomes)), seconds=time.perf_counter() - started, unchanged=False
    )


@contextmanager
def _opened(
    manifest: Path,
    only: Sequence[str] | None,
    *,
    engine: str,
    jobs: int,
    locked: bool,
    offline: bool = False,
    workers: str | Executor | None = None,
    reporter: Reporter,
) -> Iterator[_Run]:
    """Open the store, and the shared one behind it where there is one."""
    refuse_event_loops()
    with in_turn(reporter) as told, ExitStack() as stack:
        activity = Activity(note=told.note)
        stack.enter_context(following(told, activity))
        found = workspace.load(manifest, warn=told.warn)
        selected = () if only is None else workspace.select(found.builds, only)
        state = stack.enter_context(opening.opened(found.manifest, note=told.note))
        shared = stack.enter_context(context.shared(found, state.store, note=told.note, offline=offline))
        employed = stack.enter_context(context.employed(found, workers, sharing=shared, note=told.note))
        means = RunMeans(
            engines=found.manifest.chosen_engine(engine),
            state=state,
            note=told.note,
            jobs=jobs,
            offline=offline,
            workers=employed,
            activity=activity,
        )
        yield _Run(found, selected, means=means, locked=locked, shared=shared, reporter=told)


class _Run:
    """One plan, or one share."""

    def __init__(
        self,
        found: Workspace,
        selected: Sequence[Build],
        *,
        means: RunMeans,
        locked: bool,
        shared: Sharing | None,
        reporter: Reporter,
    ) -> None:
        self.found = found
        self.selected = selected
        self.state = means.state
        self.sharing = shared
        self._means = means
        self._locked = locked
        self._reporter = reporter
        self._foresight = Foresight.of_today(found, means.state)

    def missing(self) -> tuple[Missing, Architecture]:
        """Find what is missing, and the architecture that this machine builds for without emulation."""
        try:
            return context.by_records_first(self.state.store, self._missing)
        finally:
            self.state.store.eager = True

    async def _missing(self, *, by_records: bool) -> tuple[Missing, Architecture]:
        policy = Policy(locked=self._locked, dry=True)
        pace = Pace(self.state.store, self.sharing.shared.records if self.sharing else {})
        async with context.opened(self.found, self._means, policy=policy, by_records=by_records) as run:
            run.dependencies.begin(self.selected)
            found = await Finder(run.projects, self._foresight, pace=pace).found(self.selected)
            if self._locked:
                refuse_stale(found.errors.values())
            return found, run.hosts.architecture

    def tell(self, errors: Mapping[str, PylayerError]) -> None:
        """Say of what it is not known whether it is there."""
        for name, error in sorted(errors.items()):
            self._reporter.note(f"{name} is in no share: {error.faults[0].told}")

    def chosen(
        self, missing: Missing, own: Architecture, *, share: tuple[int, int] | None, first: bool
    ) -> WantedWheels:
        """What of all that is missing is to be built here: by the names of projects."""
        found = [*missing.wheels, *missing.alone]
        if first:
            needed = {need for wheel in found for need in wheel.needs}
            found = [wheel for wheel in found if wheel.step in needed]
        elif share:
            number, of = share
            numbers = dividing.hashed(self.found.projects, self._building(), of=of)
            found = [wheel for wheel in found if numbers.get(wheel.step.project) == number]
        return WantedWheels(
            wheels=tuple((wheel.step, wheel.targets) for wheel in sorted(found, key=_longest_first)),
            targets=frozenset(build.target for build in self.selected),
            of=own,
            skipped=missing.errors if not share or share[0] == 1 else {},
        )

    def _building(self) -> dict[str, set[str]]:
        """By project, those that its builds need, as far as that is stated."""
        targets = {build.target.runtime.name: build.target for build in self.selected}
        return {
            name: {
                other
                for target in targets.values()
                for other in self._foresight.building(name, target).projects
            }
            for name, project in self.found.projects.items()
            if not self.found.projects.keys().isdisjoint(map(required_name, project.requires))
        }

    async def made(self, wanted: WantedWheels, *, share: tuple[int, int] | None) -> list[Outcome]:
        """Build wheels, and compile their bytecode; how each ended."""
        if self.sharing and not self.sharing.adds:
            self._reporter.note(
                f"{envtable.CACHE_KEY} is not set: what this run builds is added to no shared store"
            )
        self._means.activity.total = len(wanted.wheels)
        self._means.activity.widest = max((len(step.name) for step, _ in wanted.wheels), default=0)
        if not wanted.wheels:
            return []
        async with context.opened(self.found, self._means, policy=Policy(locked=self._locked)) as run:
            own = run.hosts.architecture
            foreign = {step.builder.architecture for step, _ in wanted.wheels} - {own}
            if own is not wanted.of and foreign:
                raise UsageError(
                    f"has wheels that are built on {', '.join(sorted(foreign))}, but this machine is {own}",
                    where=f"the share {share[0]}/{share[1]}" if share else "the plan",
                    hint="run it on a machine of its row's architecture",
                )
            run.projects.begin(wanted.targets)
            maker = WheelMaker(run, self.found, self._reporter, exactly=own is not wanted.of)
            return list(await asyncio.gather(*(maker.made(*each) for each in wanted.wheels)))


def _longest_first(wheel: MissingWheel) -> tuple[float, str]:
    return -wheel.seconds, wheel.step.name
