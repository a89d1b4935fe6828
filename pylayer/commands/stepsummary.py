"""How builds ended → a table of them, their sizes and what changed, in the summary of a GitHub Actions job.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import envtable, redaction, shown
from pylayer.amounts import size_text
from pylayer.errors import PylayerError
from pylayer.outcomes import State
from pylayer.state import history, lastrun, opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.outcomes import Outcome
    from pylayer.state.opening import WorkspaceState

_MOST = 300  # rows: a summary may have 1 MiB
_LONGEST = 160  # characters of what changed
_SIGNS = {State.BUILT: "🔨", State.CACHED: "✅", State.FAILED: "❌", State.SKIPPED: "⏭️"}


def write(manifest: Path, outcomes: Sequence[Outcome]) -> None:
    """Add to the job's summary how a run's builds ended; nothing where the job has none."""
    if not (place := os.environ.get(envtable.STEP_SUMMARY)):
        return
    state = opening.glance(manifest, note=lambda _: None)
    text = "\n".join([*_lines(outcomes, state), "", ""])
    with Path(place).open("a", encoding="utf-8", errors="replace") as file:
        file.write(text)


def _lines(outcomes: Sequence[Outcome], state: WorkspaceState) -> Iterator[str]:
    counts = Counter(outcome.state for outcome in outcomes)
    told = ", ".join(f"{counts[each]} {each.value}" for each in State if counts[each])
    yield f"### Lambda layers: {told or 'nothing to build'}"
    if not (listed := [outcome for outcome in outcomes if outcome.state is not State.CACHED]):
        return
    before = _sizes(state)
    yield ""
    yield "| | build | size | unzipped | seconds | what changed |"
    yield "| --- | --- | ---: | ---: | ---: | --- |"
    order = [State.FAILED, State.SKIPPED, State.BUILT]
    for outcome in sorted(listed, key=lambda one: (order.index(one.state), one.build))[:_MOST]:
        identifier = outcome.build
        size = (
            f"{size_text(outcome.size)}{_grown(outcome.size, before.get(identifier))}" if outcome.size else ""
        )
        unzipped = size_text(outcome.unzipped_size) if outcome.unzipped_size else ""
        seconds = f"{outcome.seconds:.1f}" if outcome.seconds else ""
        cells = (f"`{identifier}`", size, unzipped, seconds, _cell(_why(outcome, state)))
        yield f"| {_SIGNS[outcome.state]} {outcome.state.value} | {' | '.join(cells)} |"
    if len(listed) > _MOST:
        yield f"\nand {len(listed) - _MOST} more"


def _why(outcome: Outcome, state: WorkspaceState) -> str:
    if outcome.error:
        return outcome.error.faults[0].told
    known = history.recall(state, outcome.build)
    return "; ".join(known.because) if known else ""


def _sizes(state: WorkspaceState) -> dict[str, int]:
    """The sizes of archives in the layers.json that the run replaced."""
    try:
        found = lastrun.replaced(state)
    except PylayerError:
        return {}
    return {name: entry.size for name, entry in found.builds.items()} if found else {}


def _grown(size: int, before: int | None) -> str:
    if before is None or before == size:
        return ""
    return f" ({'+' if size > before else '−'}{size_text(abs(size - before))})"  # noqa: RUF001


def _cell(text: str) -> str:
    """Text from anywhere, in a cell of a table: no markup, no tags, one line."""
    text = shown.line(redaction.shown(text))
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    for mark in "&\\`*_[]<>|":  # that which all others become first
        text = text.replace(mark, f"&#{ord(mark)};")
    return text
