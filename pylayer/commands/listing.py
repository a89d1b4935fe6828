"""What a manifest has and the last runs left → the state of each build: no engine, no network."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pylayer.amounts import size_text
from pylayer.answers import ListAnswer, ListedAnswer
from pylayer.archives import catalogue
from pylayer.commands import staleness
from pylayer.console.tables import Table
from pylayer.monorepo import workspace
from pylayer.outcomes import State
from pylayer.state import endings, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pylayer.archives.catalogue import CatalogueEntry
    from pylayer.commands.staleness import Staleness
    from pylayer.config.layers import Build
    from pylayer.errors import Fault
    from pylayer.state.endings import Ending

BuildState = Literal["fresh", "stale", "failed", "skipped", "never built", "unknown"]

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
_ELSEWHERE = "made on another machine, or by an earlier run than is known of here"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedBuild:
    """A build: its state and why it is that, and its archive, where one is listed in layers.json."""

    build: Build
    state: BuildState
    reasons: tuple[str, ...] = ()
    entry: CatalogueEntry | None = None
    path: str = ""

    @property
    def because(self) -> str:
        """Why it is not fresh, in few words."""
        if not self.reasons:
            return ""
        reason = shortened(self.reasons[0])
        if self.state in ("failed", "skipped"):
            reason = reason.partition(": ")[2] or reason  # where it is wrong is in the row
        return f"{reason}, and {len(self.reasons) - 1} more" if self.reasons[1:] else reason


def shortened(reason: str) -> str:
    """A reason without the digests of what changed; of a project's files it says so first."""
    return _FILES.sub(r"\1 changed: \2", _DIGESTS.sub("", reason))


def of(
    manifest: Path,
    *,
    only: Sequence[str],
    names: Sequence[str] = (),
    warn: Callable[[Fault], None],
    note: Callable[[str], None],
) -> list[ListedBuild]:
    """The state of the builds that are chosen; raises ManifestError, UsageError and StoreError."""
    found = workspace.load(manifest)
    for fault in found.manifest.warnings:
        warn(fault)
    selected = workspace.select(found.builds, only, layers=names)
    output = found.manifest.output
    there = catalogue.read(output / catalogue.NAME)
    with opening.opened(found.manifest, note=note) as state:
        stale = staleness.of(found, state, listed=there, builds=selected)
        return [
            _listed(
                build,
                there.builds.get(build.id),
                output=output,
                stale=stale,
                ending=endings.recall(state, build.id),
            )
            for build in selected
        ]


def _listed(
    build: Build, entry: CatalogueEntry | None, *, output: Path, stale: Staleness, ending: Ending | None
) -> ListedBuild:
    if entry is None:
        match ending.state if ending else None:
            case State.FAILED | State.SKIPPED as ended:
                assert ending is not None
                state: BuildState = "failed" if ended is State.FAILED else "skipped"
                return ListedBuild(build=build, state=state, reasons=ending.told)
            case None:
                return ListedBuild(build=build, state="never built")
            case _:
                return ListedBuild(build=build, state="stale", reasons=("layers.json has it no more",))
    archive = output / entry.path
    told: tuple[str, ...] = ()
    if not archive.is_file():
        told = ("its archive is gone",)
    elif archive.stat().st_size != entry.size:
        told = ("its archive was altered",)
    reasons = (*told, *stale.stale.get(build.id, ()))
    state = "stale" if reasons else "unknown" if build.id in stale.unknown else "fresh"
    if state == "unknown":
        reasons = (_ELSEWHERE,)
    return ListedBuild(build=build, state=state, reasons=reasons, entry=entry, path=str(archive))


def table(listed: Sequence[ListedBuild]) -> Table:
    """What a person reads: a row for each build, and how many there are of each state."""
    rows = [
        (
            each.build.id,
            each.build.layer.name,
            str(each.build.target),
            (each.state, _COLOURS[each.state]),
            size_text(each.entry.size) if each.entry else "",
            ", ".join(each.build.layer.projects),
            each.because,
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


def answer(listed: Sequence[ListedBuild]) -> Mapping[str, Any]:
    """What a machine reads."""
    return ListAnswer(
        builds=[
            ListedAnswer(
                build=each.build.id,
                layer=each.build.layer.name,
                projects=list(each.build.layer.projects),
                runtime=each.build.target.runtime.name,
                architecture=each.build.target.architecture.value,
                state=each.state,
                reasons=list(each.reasons),
                size=each.entry.size if each.entry else 0,
                unzipped_size=each.entry.unzipped_size if each.entry else 0,
                path=each.path,
            )
            for each in listed
        ]
    )
