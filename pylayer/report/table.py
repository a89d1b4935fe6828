"""A Statement → the tables that a terminal shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pylayer import shown
from pylayer.limits import MOST_UNZIPPED
from pylayer.report import waits, words
from pylayer.report.comparing import alike
from pylayer.report.gathering import warned
from pylayer.state import lastrun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.report.comparing import Comparison
    from pylayer.report.gathering import Report, WeighedBuild, WeighedSet
    from pylayer.state.imports import Import
    from pylayer.state.lastrun import LastRun, Step
    from pylayer.state.verifications import Verification

MOST_PARTS = 12
MOST_STEPS = 15
MOST_BUILDS = 12
MOST_REASONS = 6
MOST_REASONS_OF_ONE = 3
_BAR = 20
_EIGHTHS = " ▏▎▍▌▋▊▉"


def table(report: Report) -> Iterator[str]:
    """What failed, layers by size, imports, sets, changes, and the last run."""
    yield from _problems(report)
    for layer, builds in report.layers.items():
        yield from _layer(layer, builds)
        for build in builds:
            if imports := report.imports.get(build.build):
                yield from _imports(build, imports)
        yield ""
    if not report.imports:
        yield "No import times: none of these archives was verified."
        yield ""
    if report.sets:
        yield from _sets(report.sets)
        yield ""
    yield from _changes(report.comparison)
    yield ""
    yield from _run(report.last_run)


def _problems(report: Report) -> Iterator[str]:
    for problem in report.problems:
        yield f"{problem.build}  {problem.state}"
        yield from (shown.entry(f"    {told}") for told in problem.told)
    if report.missing:
        yield f"never built: {', '.join(report.missing)}"
    if report.problems or report.missing:
        yield ""


def _sets(sets: Sequence[WeighedSet]) -> Iterator[str]:
    yield "Layers used together:"
    width = max(len(one.name) for one in sets)
    for one in sets:
        part = words.share(one.unzipped_size, one.limit)
        layers = ", ".join(build.entry.layer for build in one.builds)
        yield (
            f"  {one.name:<{width}}  {one.target:<20} {words.size(one.unzipped_size):>10} unpacked"
            f"  {part:>6} of {words.size(one.limit)}  ({layers}){_verified(one.verified)}"
        )


def _verified(verified: Verification | None) -> str:
    """How something fared when it was tried, behind what else is said of it."""
    if verified is None:
        return ""
    return "  works" if verified.works else f"  fails: {shown.line(verified.told[0])}"


def bar(part: float, whole: float, *, width: int = _BAR) -> str:
    """A bar of block characters; something is always a little to see."""
    most = 8 * width
    eighths = max(round(most * part / whole), 1) if whole and part else 0
    if part < whole:
        eighths = min(eighths, most - 1)  # what is not all of it is not drawn so
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _layer(layer: str, builds: Sequence[WeighedBuild]) -> Iterator[str]:
    yield layer
    for build in builds:
        entry = build.entry
        part = words.share(entry.unzipped_size, MOST_UNZIPPED)
        yield (
            f"  {build.target:<20} {words.size(entry.size):>10} zip"
            f" {words.size(entry.unzipped_size):>10} unpacked  {part:>6} of Lambda's {words.LIMIT}"
            f"{_verified(build.verified)}"
        )
    heaviest = builds[0]
    parts = heaviest.weights.parts
    names = [f"{part.name} {part.version}".rstrip() for part in parts]
    width = max(map(len, names[:MOST_PARTS]))
    yield f"  {f'in {heaviest.target}:':<{width + 2}}  {'zip':>10}  {'unpacked':>10}"
    for name, each in list(zip(names, parts, strict=True))[:MOST_PARTS]:
        drawn = bar(each.unzipped_size, heaviest.entry.unzipped_size)
        yield (
            f"    {name:<{width}}  {words.size(each.size):>10}  {words.size(each.unzipped_size):>10}  {drawn}"
        ).rstrip()
    if rest := parts[MOST_PARTS:]:
        packed, unpacked = sum(small.size for small in rest), sum(small.unzipped_size for small in rest)
        more = f"and {len(rest)} more"
        yield f"    {more:<{width}}  {words.size(packed):>10}  {words.size(unpacked):>10}"
    for text, targets in warned(builds).items():
        yield f"  warning, {words.targets(targets)}: {text}"


def _imports(build: WeighedBuild, imports: Sequence[Import]) -> Iterator[str]:
    width = max(len(each.module) for each in imports)
    longest = max(each.seconds for each in imports)
    yield f"  imports in {build.target}:"
    for each in imports:
        drawn = bar(each.seconds, longest)
        yield f"    {each.module:<{width}}  {words.seconds(each.seconds):>10}  {drawn}".rstrip()


def _changes(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        yield "No earlier build to compare with: --against names another layers.json."
        return
    if not comparison.changes:
        yield f"Nothing differs from {comparison.against}."
        return
    yield f"Against {comparison.against}:"
    for group in alike(comparison):
        for change in group:
            yield f"  {change.build}  {words.sizes(change)}"
        for moved in group[0].moved:
            sign = {"added": "+", "removed": "−", "changed": "~"}[moved.state]  # noqa: RUF001  a minus
            weight = words.weight(moved)
            known = f"  {words.grown(weight)}" if weight is not None else ""
            yield f"      {sign} {words.move(moved)}{known}"


def _run(run: LastRun | None) -> Iterator[str]:
    if run is None:
        yield "The last build's times are not known: it was made elsewhere, or by an older pylayer."
        return
    when = datetime.fromtimestamp(run.began, tz=UTC)
    yield f"The last build, {when:%Y-%m-%d %H:%M} UTC, took {words.seconds(run.seconds)}:"
    steps = lastrun.steps(run)
    slowest = sorted(steps, key=lambda step: -step.busy)
    shown = [step for step in steps if step in slowest[:MOST_STEPS]]
    names = [f"{step.step} {step.name}".rstrip() for step in shown]
    width = max(map(len, names), default=0)
    for name, step in zip(names, shown, strict=True):
        yield f"  {name:<{width}}  {words.seconds(step.busy):>10}  {_drawn(step, run.seconds)}".rstrip()
    if rest := slowest[MOST_STEPS:]:
        took = sum(step.busy for step in rest)
        yield f"  and {words.counted(len(rest), 'shorter step')}, {words.seconds(took)} together"
    yield from _waits(run)


def _waits(run: LastRun) -> Iterator[str]:
    """What each build waited for, the last to end first: █ while it was worked on, ░ while it waited."""
    ends = waits.latest(run)
    if not ends:
        return
    yield ""
    yield "What its builds waited for:"
    for reason in waits.shared(run)[:MOST_REASONS]:
        upto = f"up to {words.seconds(reason.longest)}"
        yield f"  {upto:>18}  {reason.text}, {words.counted(reason.builds, 'build')}"
    yield ""
    yield "When each had ended, of the last ones (█ at work for it, ░ waiting):"
    shown = ends[:MOST_BUILDS]
    width = max(len(ended.build) for ended in shown)
    for ended in shown:
        drawn = _lane(
            [(each.started, each.ended, "░" if each.waited else "█") for each in ended.stretches], run.seconds
        )
        yield f"  {ended.build:<{width}}  {words.seconds(ended.ended):>10}  {drawn}".rstrip()
        yield f"      {waits.listed(waits.explained(ended), most=MOST_REASONS_OF_ONE)}"
    if rest := ends[MOST_BUILDS:]:
        yield f"  and {words.counted(len(rest), 'build')} that ended before: --json or --html has them all"


def _drawn(step: Step, whole: float) -> str:
    return _lane([(started, ended, "█") for started, ended in step.spans], whole)


def _lane(spans: Sequence[tuple[float, float, str]], whole: float) -> str:
    """Times on a line, each in its own letter; what is worked on is seen over what waits."""
    cells = [" "] * (2 * _BAR)
    for started, ended, letter in sorted(spans, key=lambda span: span[2] == "█"):
        first = min(int(started / whole * len(cells)), len(cells) - 1)
        last = min(int(ended / whole * len(cells)), len(cells) - 1)
        cells[first : last + 1] = letter * (last + 1 - first)
    return "".join(cells).rstrip()
