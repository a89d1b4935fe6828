"""The parts of a Statement → the sections of its page, as HTML."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from pylayer.limits import MOST_UNZIPPED
from pylayer.report import drawing, fragments, words
from pylayer.report.comparing import alike
from pylayer.report.panels import has_panel
from pylayer.state import lastrun

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.report.comparing import Change, Comparison, Moved
    from pylayer.report.gathering import Report, WeighedBuild
    from pylayer.state.lastrun import LastRun

MOST_STEPS = 40


def overview(report: Report) -> str:
    """Every layer in a table, each with its share of what Lambda allows."""
    pictured = {name for name, builds in report.layers.items() if has_panel(builds, report)}
    rows = "".join(_row(name, builds, name in pictured) for name, builds in report.layers.items())
    return (
        f"<p class=says>Of each layer the heaviest build, measured against the {fragments.LIMIT} limit.</p>"
        "<table><thead><tr><th scope=col>Layer</th><th scope=col class='n wide'>Distributions</th>"
        "<th scope=col class=n>Zip</th><th scope=col class=n>Unpacked</th>"
        f"<th scope=col class=meter>Of {fragments.LIMIT}</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def changes(comparison: Comparison) -> str:
    """What became of builds and distributions, targets that changed alike told together."""
    said = f"<p class=says>Against {escape(comparison.against)}. Sizes are zipped.</p>"
    return said + "".join(_change(group) for group in alike(comparison))


def timeline(run: LastRun) -> str:
    """Every step of a run along the time it took, the slowest ones if there are many."""
    steps = lastrun.steps(run)
    slowest = sorted(steps, key=lambda step: -step.busy)[:MOST_STEPS]
    shown = [step for step in steps if step in slowest]
    marks = drawing.ticks(run.seconds)
    busy: dict[str, float] = {}
    for step in steps:
        busy[step.step] = busy.get(step.step, 0.0) + step.busy
    ended = Counter(build.state for build in run.builds)
    counts = ", ".join(f"{count} {state}" for state, count in sorted(ended.items()))
    rows = "".join(
        f"<li class=row><span title='{escape(f'{step.step} {step.name}', quote=True)}'>"
        f"<i>{escape(step.step)}</i> {escape(step.name)}</span>"
        f"{drawing.lane(step.spans, run.seconds, _step_class(step.step), marks)}"
        f"<span>{words.seconds(step.busy)}</span></li>"
        for step in shown
    )
    rest = len(steps) - len(shown)
    end = f"<p class=says>{words.counted(rest, 'shorter step')} not shown.</p>" if rest else ""
    keys = [
        (_step_class(step), f"{step} {words.seconds(seconds)}")
        for step, seconds in sorted(busy.items(), key=lambda item: -item[1])
    ]
    return (
        f"<p class=says>{words.seconds(run.seconds)} from start to end; {counts}. "
        f"A bar shows when a step was working, not when it waited.</p>{fragments.keys(keys)}"
        f"<ol class=rows><li class='row axis' aria-hidden=true><span></span>"
        f"{drawing.axis(marks, run.seconds)}<span></span></li>{rows}</ol>{end}"
    )


def _row(name: str, builds: Sequence[WeighedBuild], pictured: bool) -> str:  # noqa: FBT001  one of three facts
    heaviest = builds[0].entry
    most = max(len(build.weights.parts) for build in builds)
    link = f"<a href='#layer-{escape(name)}'>{escape(name)}</a>" if pictured else escape(name)
    under = escape(words.targets([build.target for build in builds]))
    meter = drawing.bar([(heaviest.unzipped_size, "fill")], MOST_UNZIPPED)
    part = words.share(heaviest.unzipped_size, MOST_UNZIPPED)
    return (
        f"<tr><th scope=row>{link}<small class=wide>{under}</small>"
        f"<small class=narrow>{words.counted(len(builds), 'target')}</small></th>"
        f"<td class='n wide'>{most}</td>"
        f"{fragments.size_cell(heaviest.size)}{fragments.size_cell(heaviest.unzipped_size)}"
        f"<td class=meter><div class=gauge>{meter}<small>{part}</small></div></td></tr>"
    )


def _change(group: Sequence[Change]) -> str:
    one = group[0]
    entry = one.after or one.before
    assert entry
    targets = [f"{side.runtime} {side.architecture}" for each in group if (side := each.after or each.before)]
    state = {"added": "new", "removed": "gone", "changed": ""}[one.state]
    grown = [each.grown for each in group]
    sizes = (
        words.grown(max(grown))
        if len(set(grown)) == 1
        else f"{words.grown(min(grown))} to {words.grown(max(grown))}"
    )
    moves = "".join(_move(each) for each in one.moved)
    if not moves:
        moves = "<li class=small>the same distributions, with other bytes</li>"
    return (
        f"<div class=change><h3>{escape(entry.layer)} <small>{state}</small></h3>"
        f"<b class='n {_direction(max(grown))}'>{sizes}</b>"
        f"<small>{escape(words.targets(targets))}</small><ul>{moves}</ul></div>"
    )


def _move(moved: Moved) -> str:
    weight = words.weight(moved)
    sign = {"added": "added ", "removed": "removed ", "changed": ""}[moved.state]
    known = f"<span class='n {_direction(weight)}'>{words.grown(weight)}</span>" if weight is not None else ""
    return f"<li><span>{sign}{escape(words.move(moved))}</span>{known}</li>"


def _direction(count: int) -> str:
    return "up" if count > 0 else "down" if count < 0 else ""


def _step_class(step: str) -> str:
    return f"s-{step.replace(' ', '-')}"
