"""A workspace → layers.lock brought up to date, and what of it changed; nothing is assembled."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from pylayer.answers import LockAnswer
from pylayer.config.manifest import LOCK_NAME
from pylayer.dataclassing import dataclass
from pylayer.errors import LockError, NeedsDockerError, UsageError
from pylayer.locks import lock as locks
from pylayer.locks.standing import Policy
from pylayer.monorepo import workspace
from pylayer.names import normalise
from pylayer.operations import context
from pylayer.operations.buildruns import refuse_stale
from pylayer.operations.context import RunMeans
from pylayer.outcomes import Outcome, State
from pylayer.state import opening
from pylayer.tables import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.activity import Activity
    from pylayer.config.layers import Build
    from pylayer.errors import PylayerError
    from pylayer.locks.lock import Lock, Locked
    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.context import OpenRun
    from pylayer.outcomes import Reporter


LockState = Literal["up to date", "written", "would be written"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockEnd:
    """What became of the builds that could not be locked, and of layers.lock; `told` is that in words.

    `pending`: a dry run left something undone.
    """

    outcomes: tuple[Outcome, ...]
    answer: LockAnswer
    told: str
    pending: bool = False


def run(
    manifest: Path,
    *,
    engine: str,
    jobs: int,
    locked: bool,
    upgrade: Sequence[str],
    upgrade_all: bool,
    dry: bool,
    reporter: Reporter,
    activity: Activity,
) -> LockEnd:
    """Lock all builds.

    With `dry` layers.lock stays as it is. With `locked` nothing is written, and LockError lists all that is
    stale. Raises also ManifestError, UsageError, EngineError and StoreError.
    """
    if locked and (upgrade or upgrade_all):
        raise UsageError("--locked changes nothing, and --upgrade would", where="lock")
    found = workspace.load(manifest, warn=reporter.warn)
    policy = Policy(locked=locked, upgrade=frozenset(map(normalise, upgrade)), upgrade_all=upgrade_all)
    with opening.opened(found.manifest, note=reporter.note) as state:
        means = RunMeans(
            engines=found.manifest.chosen_engine(engine),
            state=state,
            note=reporter.note,
            jobs=jobs,
            activity=activity,
        )

        async def work() -> LockEnd:
            async with context.opened(found, means, policy=policy) as each:
                return await _locked(each, policy, dry=dry, reporter=reporter)

        return asyncio.run(work())


async def _locked(run: OpenRun, policy: Policy, *, dry: bool, reporter: Reporter) -> LockEnd:
    before, found = run.before, run.context.workspace
    _refuse_unknown(policy.upgrade, before)
    errors = await run.errors(found.builds)
    if policy.locked:
        refuse_stale([*errors.values(), _left_over(before, found)])
    outcomes = tuple(_outcome(build, error) for build in found.builds if (error := errors[build.id]))
    for outcome in outcomes:
        reporter.outcome(outcome)
    not_locked = [outcome.build for outcome in outcomes]
    if policy.locked:
        answer = _answer(before, "up to date", changed=[], not_locked=not_locked)
        return LockEnd(outcomes=outcomes, answer=answer, told=f"{LOCK_NAME} is up to date")
    after, new = await run.keep_lock(complete=not outcomes, dry=dry)
    changed = list(changes(before, after))
    for line in changed:
        reporter.note(line)
    state: LockState = ("would be written" if dry else "written") if new else "up to date"
    counts = f"{len(after.builds)} builds, {len(after.environments)} build environments"
    return LockEnd(
        outcomes=outcomes,
        answer=_answer(after, state, changed=changed, not_locked=not_locked),
        told=f"{LOCK_NAME} {state if new else 'was up to date'}: {counts}",
        pending=dry and new,
    )


def _answer(lock: Lock, state: LockState, *, changed: list[str], not_locked: list[str]) -> LockAnswer:
    return LockAnswer(
        state=state,
        builds=len(lock.builds),
        environments=len(lock.environments),
        changes=changed,
        not_locked=not_locked,
    )


def changes(before: Lock, after: Lock) -> Iterator[str]:
    """One line for each version that came, went or moved, with how many builds and environments it did in."""
    count: dict[str, int] = {}
    for old, new in ((before.builds, after.builds), (before.environments, after.environments)):
        for name in {*old, *new}:
            for line in _moves(old.get(name), new.get(name)):
                count[line] = count.get(line, 0) + 1
    yield from (f"{line} (in {number})" for line, number in sorted(count.items()))


def _moves(old: Locked | None, new: Locked | None) -> Iterator[str]:
    was: Mapping[str, str] = old.versions if old else {}
    now: Mapping[str, str] = new.versions if new else {}
    for name in {*was, *now}:
        if was.get(name) == now.get(name):
            continue
        if name not in now:
            yield f"- {name} {was[name]}"
        elif name not in was:
            yield f"+ {name} {now[name]}"
        else:
            yield f"{name} {was[name]} → {now[name]}"


def _refuse_unknown(names: frozenset[str], before: Lock) -> None:
    entries = (*before.builds.values(), *before.environments.values())
    known = sorted({pin.name for entry in entries for pin in entry.pins})
    if unknown := sorted(names - {*known}):
        raise UsageError(
            f"layers.lock has no {unknown[0]}",
            where="--upgrade",
            hint=suggestion(unknown[0], known, listed=False),
        )


def _left_over(before: Lock, found: Workspace) -> LockError | None:
    """What the lock has for builds that are no more."""
    gone = before.builds.keys() - {build.id for build in found.builds}
    return locks.stale({name: ["layers.toml no longer has this build"] for name in gone}) if gone else None


def _outcome(build: Build, error: PylayerError) -> Outcome:
    state = State.SKIPPED if isinstance(error, NeedsDockerError) else State.FAILED
    return Outcome(**build.words, state=state, error=error)
