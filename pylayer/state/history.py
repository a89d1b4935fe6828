"""What went into each build's archive, kept from run to run → why it was built again, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer.keys import Parts, changes, key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pylayer.store import Store

_KIND = "history"


def recall(store: Store, manifest: Path, build: str) -> tuple[Parts, tuple[str, ...]] | None:
    """What went into a build's last archive, and what had changed then; None before the first."""
    record = store.record(_KIND, _name(manifest, build))
    return (record["parts"], tuple(record["because"])) if record else None


def remember(store: Store, manifest: Path, build: str, parts: Parts) -> None:
    """Keep what went into an archive just made, with what of it is other than the time before."""
    before = recall(store, manifest, build)
    if before and before[0] == parts:
        return
    because = list(changes(before[0], parts)) if before else ["it was not built before"]
    record: dict[str, Any] = {"parts": parts, "because": because}
    store.put_record(_KIND, _name(manifest, build), record)


def told(before: Parts, now: Parts, *, because: Sequence[str]) -> list[str]:
    """The lines of `pylayer why`: what changed since the last build, or what had changed when it was made."""
    if found := list(changes(before, now)):
        return ["changed since the last build:", *(f"  {line}" for line in found)]
    return [
        "nothing changed since the last build, which was made because:",
        *(f"  {line}" for line in because),
    ]


def _name(manifest: Path, build: str) -> str:
    return key({"manifest": str(manifest.absolute()), "build": build})
