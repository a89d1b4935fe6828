"""Layers and what is in them → the panels of a page: a treemap, import times and a table for each."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from pylayer.limits import MOST_UNZIPPED
from pylayer.report import drawing, fragments, words
from pylayer.report.gathering import warned
from pylayer.report.weighing import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.report.gathering import Report, WeighedBuild
    from pylayer.state.imports import Import

_SMALL = 256 << 10  # unpacked bytes below which an archive is not worth a picture
_PACKAGES = 4


def contents(report: Report) -> str:
    """A picture and a table of every layer that has something to divide."""
    shown = [
        _layer(name, builds, report) for name, builds in report.layers.items() if has_panel(builds, report)
    ]
    rest = {name: builds[0] for name, builds in report.layers.items() if not has_panel(builds, report)}
    shown.insert(0, _warnings(report))
    notes = ["Areas are unpacked bytes: of each distribution, and in it of each kind of file."]
    if not report.imports:
        notes.append("There are no import times: none of these archives was verified.")
    return f"<p class=says>{' '.join(notes)}</p>{''.join(shown)}{_small(rest) if rest else ''}"


def _warnings(report: Report) -> str:
    """What the checks warned of, layer by layer; nothing where they did not."""
    rows = "".join(
        f"<tr><th scope=row class=short>{escape(name)}</th>"
        f"<td>{escape(text)} <small>{escape(words.targets(targets))}</small></td></tr>"
        for name, builds in report.layers.items()
        for text, targets in warned(builds).items()
    )
    if not rows:
        return ""
    return (
        "<article class=layer id=warnings><h3>Warnings</h3>"
        "<table><thead><tr><th scope=col>Layer</th><th scope=col>What the checks found</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></article>"
    )


def has_panel(builds: Sequence[WeighedBuild], report: Report) -> bool:
    """Whether a layer has a panel of its own: it is large, or its imports were measured."""
    return any(_is_large(build) or report.imports.get(build.build) for build in builds)


def _is_large(build: WeighedBuild) -> bool:
    return build.entry.unzipped_size >= _SMALL


def _layer(name: str, builds: Sequence[WeighedBuild], report: Report) -> str:
    alike: dict[object, list[WeighedBuild]] = {}
    for build in builds:
        # One archive for several targets is told once, unless they import it at different speeds.
        key = build.build if report.imports.get(build.build) else build.entry.sha256
        alike.setdefault(key, []).append(build)
    # The one that tells most is seen first: with import times, else the heaviest.
    first = next((n for n, same in enumerate(alike.values()) if report.imports.get(same[0].build)), 0)
    tabs = []
    for number, same in enumerate(alike.values()):
        label = words.targets([build.target for build in same])
        ident = f"target-{escape(name)}-{number}"
        checked = " checked" if number == first else ""
        tabs.append(
            f"<input type=radio name='{escape(name)}' id='{ident}'{checked}>"
            f"<label for='{ident}'>{escape(label)}</label>"
            f"<div class=panel>{_panel(name, same, label, report)}</div>"
        )
    return (
        f"<article class=layer id='layer-{escape(name)}'><h3>{escape(name)}</h3><fieldset class=targets>"
        f"<legend class=hidden>Targets of {escape(name)}</legend>{''.join(tabs)}</fieldset></article>"
    )


def _panel(name: str, same: Sequence[WeighedBuild], label: str, report: Report) -> str:
    one = same[0]
    entry, parts = one.entry, one.weights.parts
    kinds: Counter[str] = Counter()
    for part in parts:
        kinds.update(part.kinds)
    keys = [
        (f"k{number}", f"{kind} {words.size(kinds[kind])}")
        for number, kind in enumerate(KINDS)
        if kinds[kind]
    ]
    caption = (
        f"Treemap: what {name} for {label} holds, by unpacked size; the table below has the same numbers"
    )
    drawn = f"<figure>{drawing.treemap(one, label=caption)}</figure>" if _is_large(one) else ""
    picture = drawn + fragments.keys(keys)
    builds = " ".join(each.build for each in same)
    return (
        f"<p class=sums data-builds='{escape(builds)}'>"
        f"<span data-size={entry.size}><b>{words.size(entry.size)}</b> zip</span>"
        f"<span data-unzipped={entry.unzipped_size}><b>{words.size(entry.unzipped_size)}</b> unpacked</span>"
        f"<span><b>{words.share(entry.unzipped_size, MOST_UNZIPPED)}</b> of the limit</span></p>"
        f"{picture}{_imports(report.imports.get(one.build))}"
        f"<details><summary>{words.counted(len(parts), 'distribution')}</summary>{_parts(one)}</details>"
    )


def _parts(build: WeighedBuild) -> str:
    rows = "".join(
        f"<tr><th scope=row>{escape(part.name)} <small>{escape(part.version)}</small></th>"
        f"<td class='n wide'>{part.files:,}</td>"
        f"{fragments.size_cell(part.size)}{fragments.size_cell(part.unzipped_size)}"
        f"<td class='n wide'>{words.share(part.unzipped_size, build.entry.unzipped_size)}</td></tr>"
        for part in build.weights.parts
    )
    return (
        "<table><thead><tr><th scope=col>Distribution</th><th scope=col class='n wide'>Files</th>"
        "<th scope=col class=n>Zip</th><th scope=col class=n>Unpacked</th>"
        f"<th scope=col class='n wide'>Share</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _imports(imports: Sequence[Import] | None) -> str:
    if not imports:
        return ""
    longest = max(each.seconds for each in imports)
    rows = "".join(_import(each, longest) for each in sorted(imports, key=lambda each: -each.seconds))
    return f"<div class=imports><h4>Import time, cold</h4>{rows}</div>"


def _import(measured: Import, longest: float) -> str:
    first = [(seconds, f"p{number}") for number, (_, seconds) in enumerate(measured.packages[:_PACKAGES])]
    rest = max(measured.seconds - sum(seconds for seconds, _ in first), 0.0)
    bar = drawing.bar([*first, (rest, "p4" if first else "fill")], longest, height=12)
    keys = [
        (f"p{number}", f"{name} {words.seconds(seconds)}")
        for number, (name, seconds) in enumerate(measured.packages[:_PACKAGES])
    ]
    note = (
        fragments.keys([*keys, ("p4", f"others {words.seconds(rest)}")]) if len(measured.packages) > 1 else ""
    )
    return (
        f"<div class=row data-seconds={measured.seconds}><span>{escape(measured.module)}</span>{bar}"
        f"<span>{words.seconds(measured.seconds)}</span></div>{note}"
    )


def _small(layers: Mapping[str, WeighedBuild]) -> str:
    rows = "".join(
        f"<tr><th scope=row class=short>{escape(name)}</th><td>"
        + ", ".join(
            f"{escape(part.name)} <small>{words.size(part.unzipped_size)}</small>"
            for part in one.weights.parts
        )
        + "</td></tr>"
        for name, one in layers.items()
    )
    return (
        f"<article class=layer><h3>{words.counted(len(layers), 'small layer')}</h3>"
        "<table><thead><tr><th scope=col>Layer</th><th scope=col>Distributions, unpacked</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></article>"
    )
