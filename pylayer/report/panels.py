"""Layers and what is in them → the panels of a page: a treemap, import times and a table for each."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from pylayer.limits import MOST_UNZIPPED
from pylayer.report import drawing, fragments, words
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
    notes = ["Areas are unpacked bytes: of each distribution, and in it of each kind of file."]
    if not report.imports:
        notes.append("There are no import times: none of these archives was verified.")
    return f"<p class=says>{' '.join(notes)}</p>{''.join(shown)}{_small(rest) if rest else ''}"


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
    # The heaviest is seen first, as everywhere: what is told of a layer is told of that one.
    tabs = []
    for number, same in enumerate(alike.values()):
        label = words.targets([build.target for build in same])
        ident = f"target-{escape(name)}-{number}"
        checked = "" if number else " checked"
        tabs.append(
            f"<input type=radio name='{escape(name)}' id='{ident}'{checked}>"
            f"<label for='{ident}'>{escape(label)}</label>"
            f"<div class=panel>{_panel(name, same, label, report)}</div>"
        )
    return (
        f"<article class=layer id='layer-{escape(name)}' {fragments.of_layers(name)}>"
        f"<h3>{escape(name)}</h3><fieldset class=targets>"
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
        f"<span><b>{words.share(entry.unzipped_size, MOST_UNZIPPED)}</b> of {fragments.LIMIT}</span></p>"
        f"{picture}{_imports(report.imports.get(one.build))}"
        f"<details><summary>{words.counted(len(parts), 'distribution')}</summary>{_parts(one)}</details>"
    )


def _parts(build: WeighedBuild) -> str:
    whole = build.entry.unzipped_size
    rows = (
        f"<tr><th scope=row>{escape(part.name)} <small>{escape(part.version)}</small></th>"
        f"{fragments.cell('Files', f'{part.files:,}', kind='n')}"
        f"{fragments.size_cell('Zip', part.size)}{fragments.size_cell('Unpacked', part.unzipped_size)}"
        f"{fragments.cell('Share', words.share(part.unzipped_size, whole), kind='n')}</tr>"
        for part in build.weights.parts
    )
    heads = [("", "Distribution"), ("n", "Files"), ("n", "Zip"), ("n", "Unpacked"), ("n", "Share")]
    return fragments.table(heads, rows)


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
    rows = (
        f"<tr id='layer-{escape(name)}' {fragments.of_layers(name)}><th scope=row>{escape(name)}</th>"
        "<td data-label='Distributions'>"
        + ", ".join(
            f"{escape(part.name)} <small>{words.size(part.unzipped_size)}</small>"
            for part in one.weights.parts
        )
        + "</td></tr>"
        for name, one in layers.items()
    )
    drawn = fragments.table([("short", "Layer"), ("", "Distributions, unpacked")], rows)
    return (
        f"<article class=layer {fragments.of_layers(*layers)}>"
        f"<h3>{words.counted(len(layers), 'small layer')}</h3>{drawn}</article>"
    )
