"""What a build was warned of → kept with its archive, for runs that find it made and for reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.keys import key
from pylayer.store.kinds import WARNINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.store import Store


def remember(store: Store, build: str, sha256: str, warnings: Sequence[str]) -> None:
    """Keep what was found in the archive of a build, known by its sha256 (hex)."""
    if recall(store, build, sha256) != tuple(warnings):
        store.put_record(WARNINGS, _name(build, sha256), {"warnings": list(warnings)})


def recall(store: Store, build: str, sha256: str) -> tuple[str, ...] | None:
    """What was found in this very archive; None where nobody looked."""
    record = store.record(WARNINGS, _name(build, sha256))
    return None if record is None else record["warnings"]


def _name(build: str, sha256: str) -> str:
    return key({"build": build, "archive": sha256})
