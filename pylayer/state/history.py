"""What went into each build's archive, kept from run to run → why it was built again, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.keys import Parts, changes, key
from pylayer.store.kinds import HISTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.state.opening import WorkspaceState


CHANGED = "changed since the last build:"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastBuild:
    """What went into a build's last `archive` (sha256, hex), and `because` of what changes it was made."""

    parts: Parts
    because: tuple[str, ...]
    archive: str


def recall(state: WorkspaceState, build: str) -> PastBuild | None:
    """How a build was made the last time; None before the first."""
    if (record := state.store.record(HISTORY, _name(state, build))) is None:
        return None
    parts = {**record["parts"], "projects": record["projects"]}
    return PastBuild(parts=parts, because=record["because"], archive=record["archive"])


def remember(state: WorkspaceState, build: str, parts: Parts, *, archive: str) -> bool:
    """Keep what went into an archive just made, and what of it is new; whether anything is.

    Of `parts`, `projects` has those of each project by its name; `archive` is a sha256 (hex).
    """
    before = recall(state, build)
    if before and (before.parts, before.archive) == (parts, archive):
        return False
    because = list(changes(before.parts, parts)) if before else ["it has not been built before"]
    rest = {name: part for name, part in parts.items() if name != "projects"}
    # An archive that other parts changed in nothing is still made because of what changed before.
    because = because or list(before.because if before else ())
    record = {"parts": rest, "projects": parts["projects"], "because": because, "archive": archive}
    state.store.put_record(HISTORY, _name(state, build), record)
    return True


def told(before: Parts, now: Parts, *, because: Sequence[str]) -> list[str]:
    """The lines of `pylayer why`: what changed since the last build, or what had changed when it was made."""
    if found := list(changes(before, now)):
        return [CHANGED, *(f"  {line}" for line in found)]
    return [
        "nothing changed since the last build, which was made because:",
        *(f"  {line}" for line in because),
    ]


def _name(state: WorkspaceState, build: str) -> str:
    return key({"manifest": state.key, "build": build})
