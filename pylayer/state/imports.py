"""How long the modules of a build took to import → kept with its archive, for later reports."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.keys import key
from pylayer.store.kinds import IMPORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """How long a module took to import, cold; `packages` are seconds by top-level name, the slowest first."""

    module: str
    seconds: float
    packages: tuple[tuple[str, float], ...] = ()


def remember(store: Store, build: str, sha256: str, imports: Sequence[Import]) -> None:
    """Keep what was measured with the archive of a build, known by its sha256 (hex)."""
    store.put_record(IMPORTS, _name(build, sha256), {"imports": [asdict(measured) for measured in imports]})


def recall(store: Store, build: str, sha256: str) -> tuple[Import, ...] | None:
    """What was measured with this very archive; None where nothing was."""
    if (record := store.record(IMPORTS, _name(build, sha256))) is None:
        return None
    return tuple(Import(**row) for row in record["imports"])


def _name(build: str, sha256: str) -> str:
    # The same archive can serve several targets, which are not equally fast.
    return key({"build": build, "archive": sha256})
