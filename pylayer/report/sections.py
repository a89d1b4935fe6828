"""The parts of a Statement → the sections of its page, as HTML."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from pylayer.limits import MOST_UNZIPPED
from pylayer.report import checked, drawing, fragments, waits, words
from pylayer.report.comparing import alike
from pylayer.report.gathering import warned
from pylayer.state import lastrun
from pylayer.stepnames import layer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.report.comparing import Change, Comparison, Moved
    from pylayer.report.gathering import Report, WeighedBuild, WeighedSet
    from pylayer.state.lastrun import LastRun
    from pylayer.trail import Stretch

MOST_STEPS = 40
MOST_REASONS = 8
MOST_REASONS_OF_ONE = 5
_WAITS = {
    "processor": "a free processor",
    "connection": "a free connection",
    "pull": "a pull",
    "lock": "another pylayer",
    "zig": "zig's libraries",
    "other": "pylayer itself",
}


def overview(report: Report) -> str:
    """Every layer in a table, each with its share of what Lambda allows."""
    heads = [
        *(("", "Layer"), ("n", "Distributions"), ("n", "Zip"), ("n", "Unpacked")),
        ("meter", f"Of {fragments.LIMIT}"),
    ]
    rows = (_row(name, builds) for name, builds in report.layers.items())
    return (
        "<p class=says>Of each layer the heaviest build (the one that unpacks to most), measured against the "
        f"{fragments.LIMIT} that a function and all its layers may have together.</p>"
        f"{fragments.table(heads, rows)}"
    )


def sets(found: Sequence[WeighedSet]) -> str:
    """Layers that are used together, on the target on which they are heaviest, against what they may have."""
    by_name: dict[str, list[WeighedSet]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    heads = [("", "Set"), ("n", "Zip"), ("n", "Unpacked"), ("meter", "Of its limit"), ("", "Verified")]
    rows = (_set(name, targets) for name, targets in by_name.items())
    said = "Layers that a function uses together: what counts for it is their sum, on the heaviest target."
    return f"<p class=says>{said}</p>{fragments.table(heads, rows)}"


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
        f"{drawing.lane([(*span, _step_class(step.step)) for span in step.spans], run.seconds, marks)}"
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
        f"<ol class=rows>{_axis(run, marks)}{rows}</ol>{end}{_waits(run, marks)}"
    )


def _axis(run: LastRun, marks: Sequence[float]) -> str:
    axis = drawing.axis(marks, run.seconds)
    return f"<li class='row axis' aria-hidden=true><span></span>{axis}<span></span></li>"


def _waits(run: LastRun, marks: Sequence[float]) -> str:
    """Every build that something was done for, with what it waited for and was at until its end."""
    ends = waits.latest(run)
    if not ends:
        return ""
    longest = "".join(
        f"<li>{escape(reason.text)}: up to {words.seconds(reason.longest)}, "
        f"{words.counted(reason.builds, 'build')}</li>"
        for reason in waits.shared(run)[:MOST_REASONS]
    )
    kinds = {each.step: None for ended in ends for each in ended.stretches}
    keys = [(_step_class(kind), _WAITS.get(kind, kind)) for kind in kinds]
    keys.append(("s-by", "another layer's, pale"))
    rows = "".join(
        f"<li class=row {fragments.of_layers(layer_of(ended.build))} {fragments.found_by(ended.build)}>"
        f"<span>{escape(ended.build)}{'' if ended.state == 'built' else f' <i>{ended.state}</i>'}</span>"
        f"{drawing.lane([_stretch(each) for each in ended.stretches], run.seconds, marks)}"
        f"<span>{words.seconds(ended.ended)}</span>"
        f"<small>waited {words.seconds(waits.waited(ended))}; "
        f"{escape(waits.listed(waits.explained(ended), most=MOST_REASONS_OF_ONE))}</small></li>"
        for ended in ends
    )
    return (
        "<h3 id=waits>What each build waited for</h3>"
        "<p class=says>From the run's start to each build's end, the last to end first. What kept builds "
        f"longest:</p><ul class=says>{longest}</ul>{fragments.keys(keys)}"
        f"<ol class='rows waits'>{_axis(run, marks)}{rows}</ol>"
    )


def _stretch(stretch: Stretch) -> tuple[float, float, str]:
    return stretch.started, stretch.ended, _step_class(stretch.step) + (" s-by" if stretch.by else "")


def _row(name: str, builds: Sequence[WeighedBuild]) -> str:
    heaviest = builds[0]
    entry, parts = heaviest.entry, heaviest.weights.parts
    under = words.targets([build.target for build in builds])
    contained = (f"{part.name} {part.version}" for build in builds for part in build.weights.parts)
    about = (name, *(build.build for build in builds), *(build.target for build in builds), *contained)
    facts = " · ".join(_facts(builds))
    return (
        f"<tr data-layer='{escape(name)}' {fragments.found_by(*about)}>"
        f"<th scope=row><a href='#layer-{escape(name)}'>{escape(name)}</a><small>{escape(under)}</small>"
        f"{f'<small>{facts}</small>' if facts else ''}</th>"
        f"{fragments.cell('Distributions', str(len(parts)), kind='n')}"
        f"{fragments.size_cell('Zip', entry.size)}{fragments.size_cell('Unpacked', entry.unzipped_size)}"
        f"<td class=meter data-label='Of {fragments.LIMIT}'>"
        f"{fragments.gauge([(entry.unzipped_size, 'fill')], MOST_UNZIPPED)}</td></tr>"
    )


def _facts(builds: Sequence[WeighedBuild]) -> Iterator[str]:
    """What is to be known of a layer besides its size."""
    tried = [build.verified for build in builds if build.verified]
    if good := sum(verified.works for verified in tried):
        yield f"verified on {'all targets' if good == len(builds) else f'{good} of {len(builds)} targets'}"
    if bad := len(tried) - sum(verified.works for verified in tried):
        yield f"<a class=up href='#checks'>fails on {words.counted(bad, 'target')}</a>"
    if warnings := len(warned(builds)):
        yield f"<a href='#checks'>{words.counted(warnings, 'warning')}</a>"


def _set(name: str, targets: Sequence[WeighedSet]) -> str:
    heaviest = targets[0]
    layers = [build.entry.layer for build in heaviest.builds]
    colours = [(build.entry.unzipped_size, f"p{min(n, 4)}") for n, build in enumerate(heaviest.builds)]
    sums = fragments.keys(
        [
            (f"p{min(n, 4)}", f"{build.entry.layer} {words.size(build.entry.unzipped_size)}")
            for n, build in enumerate(heaviest.builds)
        ]
    )
    verified = checked.told([(one.target, one.verified) for one in targets])
    return (
        f"<tr {fragments.of_layers(*layers)} {fragments.found_by(name)}>"
        f"<th scope=row>{escape(name)}<small>{escape(words.targets([one.target for one in targets]))}</small>"
        f"{sums}</th>{fragments.size_cell('Zip', heaviest.size)}"
        f"{fragments.size_cell('Unpacked', heaviest.unzipped_size)}"
        f"<td class=meter data-label='Of {words.size(heaviest.limit)}'>"
        f"{fragments.gauge(colours, heaviest.limit)}<small>of {words.size(heaviest.limit)}</small></td>"
        f"{fragments.cell('Verified', verified)}</tr>"
    )


def _change(group: Sequence[Change]) -> str:
    one = group[0]
    entry = one.after or one.before
    assert entry
    targets = [f"{side.runtime} {side.architecture}" for each in group if (side := each.after or each.before)]
    state = {"added": "new", "removed": "gone", "changed": ""}[one.state]
    grown = [each.grown for each in group]
    sizes = " to ".join(dict.fromkeys((words.grown(min(grown)), words.grown(max(grown)))))
    moves = "".join(_move(each) for each in one.moved)
    if not moves:
        moves = "<li class=small>the same distributions, with other bytes</li>"
    return (
        f"<div class=change {fragments.of_layers(entry.layer)} {fragments.found_by(entry.layer)}>"
        f"<h3>{escape(entry.layer)} <small>{state}</small></h3>"
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
