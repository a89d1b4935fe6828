"""What failed, what was warned of and what was tried → the section of a page that says so."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pylayer.report import fragments, words
from pylayer.report.gathering import warned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.report.gathering import BuildProblem, Report, WeighedBuild
    from pylayer.state.verifications import Verification


def section(report: Report) -> str:
    """All three, those that need something to be done first."""
    return "".join([*_problems(report), *_warnings(report), *_verified(report)])


def told(tried: Sequence[tuple[str, Verification | None]]) -> str:
    """How some targets fared, those that fared alike told together."""
    alike: dict[Verification | None, list[str]] = {}
    for target, verified in tried:
        alike.setdefault(verified, []).append(target)
    return "".join(_told(verified, words.targets(targets)) for verified, targets in alike.items())


def _told(verified: Verification | None, targets: str) -> str:
    about = f"<small>{escape(targets)}</small>"
    if verified is None:
        return f"<div>not tried {about}</div>"
    lines = "".join(f"<div>{escape(text)}</div>" for text in verified.told)
    if not verified.works:
        return f"<div><b class=up>fails</b> {about}{lines}</div>"
    handler = f", {verified.handler} answers" if verified.handler else ""
    counted = words.counted(verified.modules, "import") if verified.modules else "nothing to import"
    imports = f"{counted} with Python {verified.python}{handler}"
    notes = f"<small>{lines}</small>" if lines else ""
    return f"<div><b class=down>works</b>, {escape(imports)} {about}{notes}</div>"


def _problems(report: Report) -> Iterator[str]:
    if not report.problems and not report.missing:
        yield "<p class=says>Nothing failed when it was built last.</p>"
        return
    # Builds that failed of the same are one problem.
    alike: dict[tuple[str, tuple[str, ...]], list[BuildProblem]] = {}
    for problem in report.problems:
        lines = tuple(line.replace(problem.build, "…") for line in problem.told)
        alike.setdefault((problem.state, lines), []).append(problem)
    yield "<h3>Problems</h3>"
    for (state, _), problems in alike.items():
        names = ", ".join(problem.build for problem in problems)
        layers = {problem.layer for problem in problems}
        text = "".join(f"<pre>{escape(line)}</pre>" for line in problems[0].told)
        yield (
            f"<div class=problem {fragments.of_layers(*layers)} {fragments.found_by(names)}>"
            f"<b class=up>{escape(state)}</b> {escape(names)}{text}"
            f"<small><code>pylayer log {escape(problems[0].build)}</code></small></div>"
        )
    if report.missing:
        names = ", ".join(report.missing)
        yield (f"<div class=problem {fragments.found_by(names)}><b>never built</b> {escape(names)}</div>")


def _warnings(report: Report) -> Iterator[str]:
    rows = [
        f"<tr {fragments.of_layers(name)} {fragments.found_by(text)}><th scope=row>{escape(name)}</th>"
        f"<td data-label='Found'>{escape(text)} <small>{escape(words.targets(targets))}</small></td></tr>"
        for name, builds in report.layers.items()
        for text, targets in warned(builds).items()
    ]
    if rows:
        yield f"<h3>Warnings</h3>{fragments.table([('short', 'Layer'), ('', 'What the checks found')], rows)}"


def _verified(report: Report) -> Iterator[str]:
    yield "<h3>Verification</h3>"
    layers = report.layers
    tried = {name: builds for name, builds in layers.items() if any(build.verified for build in builds)}
    if not tried:
        yield (
            "<p class=says>None of these archives was tried: <code>pylayer verify</code> imports them, and "
            "runs handlers, in their runtimes.</p>"
        )
        return
    rows = [_row(name, builds) for name, builds in tried.items()]
    yield fragments.table([("short", "Layer"), ("", "How it fared in its runtime")], rows)
    if rest := [name for name in layers if name not in tried]:
        yield f"<p class=says>Not tried: {escape(', '.join(rest))}.</p>"


def _row(name: str, builds: Sequence[WeighedBuild]) -> str:
    fared = told([(build.target, build.verified) for build in builds])
    return (
        f"<tr {fragments.of_layers(name)}><th scope=row>{escape(name)}</th>"
        f"<td data-label='Verified'>{fared}</td></tr>"
    )
