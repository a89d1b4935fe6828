"""A plan → the table and the document of `pylayer list`."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from pylayer.amounts import size_text
from pylayer.answers import ListAnswer, ListedAnswer
from pylayer.console.tables import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.operations.results import PlannedBuild

_COLOURS: Mapping[str, str] = {
    "fresh": "green",
    "stale": "yellow",
    "failed": "red",
    "skipped": "yellow",
    "never built": "magenta",
    "unknown": "blue",
}
_DIGESTS = re.compile(r" \([0-9a-f]{12}…(?: → [0-9a-f]{12}…)?\)$")
_FILES = re.compile(r"^(?:projects: )?(\S+): files: (.+?)(?: changed)?$")


def shortened(reason: str) -> str:
    """A reason without the digests of what changed; of a project's files it says so first."""
    return _FILES.sub(r"\1 changed: \2", _DIGESTS.sub("", reason))


def because(build: PlannedBuild) -> str:
    """Why a build is not fresh, in few words."""
    if not build.reasons:
        return ""
    reason = shortened(build.reasons[0])
    if build.state in ("failed", "skipped"):
        reason = reason.partition(": ")[2] or reason  # where it is wrong is in the row
    return f"{reason}, and {len(build.reasons) - 1} more" if build.reasons[1:] else reason


def table(listed: Sequence[PlannedBuild]) -> Table:
    """What a person reads: a row for each build, and how many there are of each state."""
    rows = [
        (
            each.build,
            each.layer,
            f"{each.runtime}-{each.architecture}",
            (each.state, _COLOURS[each.state]),
            size_text(each.size) if each.archive else "",
            ", ".join(each.projects),
            because(each),
        )
        for each in listed
    ]
    counts = Counter(each.state for each in listed)
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    return Table(
        head=("build", "layer", "target", "state", "size", "projects", "why"),
        rows=tuple(rows),
        foot=f"{len(listed)} build{'s' if len(listed) != 1 else ''}: {told}" if listed else "no builds",
        # Who reads line by line has the identifier; who sees a table sees layers and targets.
        plain=("build", "state", "size", "projects", "why"),
        drawn=("layer", "target", "state", "size", "projects", "why"),
        right=("size",),
        first=("why", "projects"),
        once=("layer", "projects"),
    )


def answer(listed: Sequence[PlannedBuild]) -> Mapping[str, Any]:
    """What a machine reads."""
    return ListAnswer(
        builds=[
            ListedAnswer(
                build=each.build,
                layer=each.layer,
                projects=list(each.projects),
                runtime=each.runtime,
                architecture=each.architecture,
                state=each.state,
                reasons=list(each.reasons),
                size=each.size,
                unzipped_size=each.unzipped_size,
                path=str(each.archive) if each.archive else "",
            )
            for each in listed
        ]
    )
