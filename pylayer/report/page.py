"""A Report → one HTML page that needs nothing else: no network, no server, no font of its own."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from pylayer import __version__
from pylayer.limits import MOST_UNZIPPED
from pylayer.report import checked, panels, sections, words
from pylayer.report.fragments import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.report.gathering import Report

# Whatever a name in it might say, the page loads nothing, and runs its own filter alone.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{}'; "
    "base-uri 'none'; form-action 'none'"
)
_SHORT = {"checks": "Checks", "changes": "Changes", "contents": "Contents"}  # titles in a line of links


def page(report: Report) -> str:
    """The page, as text."""
    style, script = (
        resources.files("pylayer.report").joinpath(name).read_text(encoding="utf-8")
        for name in ("page.css", "page.js")
    )
    policy = _POLICY.format(base64.b64encode(hashlib.sha256(script.encode()).digest()).decode())
    title = escape(f"Layers of {report.title}")
    sections = list(_sections(report))
    parts = [
        *(_header(report), _contents(sections), "<main>"),
        *(_section(*section) for section in sections),
        *("</main>", _footer(report), f"<script>{script}</script>"),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _header(report: Report) -> str:
    layers = report.layers
    name, heaviest = next((name, builds[0]) for name, builds in layers.items())
    part = words.share(heaviest.entry.unzipped_size, MOST_UNZIPPED)
    figures = "".join(
        f"<div><dt>{label}</dt><dd>{figure}</dd><dd class=of>{of}</dd></div>"
        for label, figure, of in _figures(report)
    )
    return (
        "<header>\n<p class=kicker>AWS Lambda layers</p>\n"
        f"<h1>{escape(report.title)}</h1>\n"
        f"<p class=lede>{words.counted(len(layers), 'layer')} in "
        f"{words.counted(len(report.builds), 'build')}. "
        f"The heaviest, <b>{escape(name)}</b> for {escape(heaviest.target)}, unpacks to "
        f"<b>{words.size(heaviest.entry.unzipped_size)}</b>: {part} of the {LIMIT} that a function "
        f"and all its layers may have together.{''.join(_trouble(report))}</p>\n"
        f"<dl class=figures>{figures}</dl>\n</header>"
    )


def _trouble(report: Report) -> Iterator[str]:
    """What somebody should look at, in the first paragraph."""
    for state in ("failed", "skipped"):
        if count := sum(problem.state == state for problem in report.problems):
            yield f" <a class=up href='#checks'>{words.counted(count, 'build')} {state}</a>."
    if count := sum(not build.verified.works for build in report.builds if build.verified):
        fail = "fail" if count > 1 else "fails"
        yield f" <a class=up href='#checks'>{words.counted(count, 'archive')} {fail} when tried</a>."


def _contents(sections: Sequence[tuple[str, str, str]]) -> str:
    """The list of sections, and what filters all of them."""
    links = "".join(
        f"<li><a href='#{name}'>{_SHORT.get(name, title)}</a></li>" for name, title, _ in sections
    )
    return (
        f"<nav aria-label=Contents><div><ul>{links}</ul><div role=search id=find hidden>"
        "<label for=filter>Filter</label> <input type=search id=filter autocomplete=off spellcheck=false "
        "placeholder='layer, target, distribution' aria-describedby=told aria-keyshortcuts='/'>"
        "<output id=told role=status></output></div></div></nav>"
    )


def _figures(report: Report) -> Iterator[tuple[str, str, str]]:
    archives = {build.entry.sha256: build.entry for build in report.builds}
    packed = sum(entry.size for entry in archives.values())
    unpacked = sum(entry.unzipped_size for entry in archives.values())
    yield "Archives", f"{len(archives):,}", f"{words.size(packed)} zipped, {words.size(unpacked)} unpacked"
    names = {
        (part.name, part.version) for build in report.builds for part in build.weights.parts if part.version
    }
    single = len({name for name, _ in names})
    versions = "each in one version" if single == len(names) else f"in {len(names)} versions"
    yield "Distributions", f"{single:,}", versions
    comparison = report.comparison
    if comparison is None:
        yield "Changed", "n/a", "no earlier build to compare with"
    else:
        grown = words.grown(sum(change.grown for change in comparison.changes))
        of = (
            f"{grown} zipped against {escape(comparison.against)}"
            if comparison.changes
            else f"same as {escape(comparison.against)}"
        )
        yield "Changed", words.counted(len(comparison.changes), "build"), of
    if run := report.last_run:
        when = datetime.fromtimestamp(run.began, tz=UTC)
        yield "Last build", words.seconds(run.seconds), f"{when:%Y-%m-%d, %H:%M} UTC"
    else:
        yield "Last build", "n/a", "not recorded here"


def _sections(report: Report) -> Iterator[tuple[str, str, str]]:
    """Of each section its name, its title and what is in it."""
    yield "layers", "Layers", sections.overview(report)
    yield "checks", "Problems, warnings, verification", checked.section(report)
    if report.sets:
        yield "sets", "Sets", sections.sets(report.sets)
    if report.comparison and report.comparison.changes:
        yield "changes", "What changed", sections.changes(report.comparison)
    yield "contents", "What is in them", panels.contents(report)
    if report.last_run and report.last_run.spans:
        yield "timeline", "The last build", sections.timeline(report.last_run)


def _section(name: str, title: str, content: str) -> str:
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>\n{content}</section>'


def _footer(report: Report) -> str:
    lacking = []
    if report.comparison is None:
        lacking.append("There is no earlier build to compare with.")
    if report.last_run is None:
        lacking.append("How long the last build took is known only on the machine that made it.")
    said = " ".join(lacking)
    return (
        f"<footer><p>{said} 1 MiB is 1,048,576 bytes, which is how Lambda counts its {LIMIT}, whatever AWS "
        f"calls them. "
        f"The exact bytes are in layers.json and in <code>pylayer report --json</code>. "
        f"Made by pylayer {escape(__version__)}.</p></footer>"
    )
