"""dist/layers → layer versions in every region: the plan, then the doing, then what deploy tools read."""

from __future__ import annotations

import contextlib
from concurrent.futures import as_completed
from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.errors import MIXED, PENDING, NotBuiltError, PublishError
from pylayer.publishing import checks, lines, outputs, published, surplus
from pylayer.publishing.cloud import CloudError
from pylayer.publishing.deliver import Result, deliver, undone
from pylayer.publishing.parallel import at_once
from pylayer.publishing.plan import Consent, Item, failed, look, plan
from pylayer.publishing.room import MemoryBound
from pylayer.publishing.surplus import Doubt
from pylayer.publishing.task import connect, prepare
from pylayer.publishing.turns import turn
from pylayer.store import default_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.config.publication import PublishSettings
    from pylayer.errors import Fault
    from pylayer.publishing.cloud import Patience
    from pylayer.publishing.task import Connect, Options, Task
    from pylayer.publishing.template import Declared, LayerGroup

# AWS's control plane takes some 15 requests a second.
PER_REGION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOutcome:
    """How it ended: the exit status, and the plan's items or (after the doing) their results.

    `missing` are layers that are not whole, `warnings` are about what could be published.
    """

    exit_code: int
    items: tuple[Item, ...] = ()
    results: tuple[Result, ...] = ()
    missing: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def run(
    folder: Path,
    settings: PublishSettings,
    *,
    declared: Mapping[str, Declared],
    options: Options,
    say: Callable[[str], None],
    revision: Callable[[], str] = str,
    opened: Connect = connect,
    lock: Path | None = None,
) -> PublishOutcome:
    """Publish what `folder` (dist/layers) holds of the `declared` layers; `say` hears each line.

    `revision` is asked only where a template names it. Raises PublishError or UsageError before the first
    call to AWS where the task is wrong; after that, every failure is a Result, and published.json says what
    stands.
    """
    task = prepare(folder, settings, declared=declared, options=options, opened=opened)
    with contextlib.ExitStack() as stack:
        if not options.dry_run:
            stack.enter_context(turn(lock or default_root() / "publish.lock", say=say))
            before = _settle(task, options, say)
        items = _plan(task, Consent(moves=options.confirm, public=options.public))
        for item in items:
            say(lines.planned(item))
        due = {item.group.entry.path: item.group for item in items if item.action == "create"}
        if not options.dry_run and (faults := checks.absent(due.values(), folder=folder)):
            raise PublishError.of(faults)
        if options.dry_run:
            outcome = _planned(task, items)
            say(lines.plan_summary(items))
        else:
            outcome = _done(task, items, settings, declared, options, say, revision, before)
    _tell(task, say)
    return replace(outcome, missing=task.missing, warnings=task.warnings)


def _settle(task: Task, options: Options, say: Callable[[str], None]) -> frozenset[Doubt]:
    """Look for what earlier runs were not sure of, before anything is planned upon it; give what that was."""
    path = task.folder / published.NAME
    before = published.doubts(path)
    left = surplus.settle(before, task.regions, patience=options.patience, say=say) if before else before
    if left != before:
        published.write(path, published.read(path), doubts=left)
    return before


def _plan(task: Task, consent: Consent) -> tuple[Item, ...]:
    """Compare every group with its region, all at once; a region that does not answer fails its groups."""
    by_region: dict[str, list[LayerGroup]] = {}
    for group, region in task.places:
        by_region.setdefault(region, []).append(group)
    with at_once(task.account, PER_REGION * len(by_region)) as pool:
        looks = {name: pool.submit(look, task.regions[name], own) for name, own in by_region.items()}

        def compare(group: LayerGroup, name: str) -> Item:
            try:
                holdings = looks[name].result()
            except CloudError as error:
                return failed(group, name, error)
            return plan(group, task.regions[name], holdings=holdings, taken=task.taken, consent=consent)

        return tuple(pool.map(compare, *zip(*task.places, strict=True)))


def _planned(task: Task, items: Sequence[Item]) -> PublishOutcome:
    wrong = _status(task, bad=any(item.action in ("blocked", "failed") for item in items))
    status = wrong or (PENDING if any(item.pending for item in items) else 0)
    return PublishOutcome(exit_code=status, items=tuple(items))


def _status(task: Task, *, bad: bool) -> int:
    """That of what AWS refused, of what is not built, or of both; 0 where all is well."""
    codes = [PublishError.exit_code] * bad + [NotBuiltError.exit_code] * bool(task.missing)
    return (MIXED if len(codes) > 1 else codes[0]) if codes else 0


def _done(  # noqa: PLR0917  a private step of `run`
    task: Task,
    items: Sequence[Item],
    settings: PublishSettings,
    declared: Mapping[str, Declared],
    options: Options,
    say: Callable[[str], None],
    revision: Callable[[], str],
    before: frozenset[Doubt],
) -> PublishOutcome:
    results: list[Result] = []
    try:
        for result in _deliver(task, items, options.patience, _revision(items, revision)):
            results.append(result)
            if result.seconds:  # it was tried; the summary tells of the others
                say(lines.done(result))
        # What seemed lost may have come by now; what comes later is the next run's to find.
        lost = {result.item.region for result in results if result.cause and result.cause.hopeless}
        regions = {name: region for name, region in task.regions.items() if name not in lost}
        surplus.settle(_doubts(results, before), regions, patience=options.patience, say=say)
    finally:  # also where the user interrupts: what stands must be known
        _record(task, results, settings, declared, say, _doubts(results, before))
    results.sort(key=lambda result: (result.item.group.name, result.item.region))
    for line in lines.summary(results):
        say(line)
    status = _status(task, bad=any(result.status in ("blocked", "failed") for result in results))
    return PublishOutcome(exit_code=status, items=tuple(items), results=tuple(results))


def _deliver(task: Task, items: Sequence[Item], patience: Patience, revision: str) -> Iterable[Result]:
    """Do all items, regions in parallel; one that cannot be reached is given up after its first failure."""
    halted: dict[str, CloudError] = {}
    room = MemoryBound()

    def do(item: Item) -> Result:
        if item.cause or not item.pending:
            return undone(item)
        if item.region in halted:
            return undone(item, halted[item.region])
        result = deliver(
            item,
            task.regions[item.region],
            folder=task.folder,
            revision=revision,
            patience=patience,
            room=room,
        )
        if result.cause and result.cause.hopeless:
            halted.setdefault(item.region, result.cause)
        return result

    with at_once(task.account, PER_REGION * len(task.regions)) as pool:
        for future in as_completed([pool.submit(do, item) for item in items]):
            yield future.result()


def _revision(items: Sequence[Item], revision: Callable[[], str]) -> str:
    due = [item.group for item in items if item.action == "create"]
    needed = any(group.description.needs_revision or group.license.needs_revision for group in due)
    return revision() if needed else ""


def _record(  # noqa: PLR0917  a private step of `run`
    task: Task,
    results: Sequence[Result],
    settings: PublishSettings,
    declared: Mapping[str, Declared],
    say: Callable[[str], None],
    doubts: frozenset[Doubt],
) -> None:
    path = task.folder / published.NAME
    asked = {(group.layer, region) for group, region in task.places}
    asked |= {(fault.where, region) for fault in task.missing for region in task.regions}
    after = published.merge(published.read(path), results, asked=asked, layers=declared, spared=task.spared)
    left = published.doubts(path) | doubts
    written = [published.NAME] if published.write(path, after, doubts=left) else []
    written += outputs.write(task.folder, after, settings.outputs)
    if written:
        say(f"wrote {', '.join(written)} in {task.folder.name}")


def _doubts(results: Sequence[Result], before: frozenset[Doubt]) -> frozenset[Doubt]:
    """Where a version too many may be there or still come: also by a request of the run `before`."""
    open_before = {(doubt.region, doubt.name) for doubt in before}
    doubts = set()
    for result in results:
        region, name = result.item.region, result.item.group.name
        if result.doubtful or (result.status == "published" and (region, name) in open_before):
            baseline = result.version.number if result.version else result.item.baseline
            doubts.add(Doubt(region=region, name=name, baseline=baseline))
    return frozenset(doubts)


def _tell(task: Task, say: Callable[[str], None]) -> None:
    for fault in task.missing:
        say(str(fault))
    for fault in task.warnings:
        say(f"warning: {fault}")
