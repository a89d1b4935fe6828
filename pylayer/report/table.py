"""A Statement → the tables that a terminal shows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pylayer.limits import MOST_UNZIPPED
from pylayer.report import words
from pylayer.report.comparing import alike
from pylayer.report.gathering import warned
from pylayer.state import lastrun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.report.comparing import Comparison
    from pylayer.report.gathering import Report, WeighedBuild
    from pylayer.state.imports import Import
    from pylayer.state.lastrun import LastRun, Step

MOST_PARTS = 12
MOST_STEPS = 15
_BAR = 20
_EIGHTHS = " ▏▎▍▌▋▊▉"


def table(report: Report) -> Iterator[str]:
    """Layers by size, imports, changes, and the last run."""
    for layer, builds in report.layers.items():
        yield from _layer(layer, builds)
        for build in builds:
            if imports := report.imports.get(build.build):
                yield from _imports(build, imports)
        yield ""
    if not report.imports:
        yield "No import times: none of these archives was verified."
        yield ""
    yield from _changes(report.comparison)
    yield ""
    yield from _run(report.last_run)


def bar(part: float, whole: float, *, width: int = _BAR) -> str:
    """A bar of block characters; something is always a little to see."""
    eighths = max(round(8 * width * part / whole), 1) if whole and part else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _layer(layer: str, builds: Sequence[WeighedBuild]) -> Iterator[str]:
    yield layer
    for build in builds:
        entry = build.entry
        part = words.share(entry.unzipped_size, MOST_UNZIPPED)
        yield (
            f"  {build.target:<20} {words.size(entry.size):>10} zip"
            f" {words.size(entry.unzipped_size):>10} unpacked  {part:>6} of Lambda's {words.LIMIT}"
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


def _drawn(step: Step, whole: float) -> str:
    cells = [" "] * (2 * _BAR)
    for started, ended in step.spans:
        first = min(int(started / whole * len(cells)), len(cells) - 1)
        last = min(int(ended / whole * len(cells)), len(cells) - 1)
        cells[first : last + 1] = "█" * (last + 1 - first)
    return "".join(cells).rstrip()
