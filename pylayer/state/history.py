"""What went into each build's archive, kept from run to run → why it was built again, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.keys import Parts, changes, key
from pylayer.store.kinds import HISTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.state.opening import WorkspaceState


def recall(state: WorkspaceState, build: str) -> tuple[Parts, tuple[str, ...]] | None:
    """What went into a build's last archive, and what had changed then; None before the first."""
    if (record := state.store.record(HISTORY, _name(state, build))) is None:
        return None
    return {**record["parts"], "projects": record["projects"]}, record["because"]


def remember(state: WorkspaceState, build: str, parts: Parts) -> None:
    """Keep what went into an archive just made, with what of it is other than the time before.

    Of `parts`, `projects` has those of each project by its name.
    """
    before = recall(state, build)
    if before and before[0] == parts:
        return
    because = list(changes(before[0], parts)) if before else ["it has not been built before"]
    rest = {name: part for name, part in parts.items() if name != "projects"}
    record = {"parts": rest, "projects": parts["projects"], "because": because}
    state.store.put_record(HISTORY, _name(state, build), record)


def told(before: Parts, now: Parts, *, because: Sequence[str]) -> list[str]:
    """The lines of `pylayer why`: what changed since the last build, or what had changed when it was made."""
    if found := list(changes(before, now)):
        return ["changed since the last build:", *(f"  {line}" for line in found)]
    return [
        "nothing changed since the last build, which was made because:",
        *(f"  {line}" for line in because),
    ]


def _name(state: WorkspaceState, build: str) -> str:
    return key({"manifest": state.key, "build": build})
