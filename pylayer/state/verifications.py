"""Whether archives worked when they were last tried → kept by what was tried, for later reports."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.keys import key
from pylayer.store.kinds import VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How archives fared with a `python`: how many `modules` were imported, which `handler` answered, if any.

    `told` says what is wrong, or what of Lambda could not be tried.
    """

    works: bool
    python: str = ""
    modules: int = 0
    handler: str = ""
    told: tuple[str, ...] = ()


def remember(store: Store, name: str, archives: Sequence[str], verification: Verification) -> None:
    """Keep how a build, or a set for a target, fared; `archives` are the sha256s (hex) of what was tried."""
    if recall(store, name, archives) != verification:
        store.put_record(VERIFICATION, _name(name, archives), asdict(verification))


def recall(store: Store, name: str, archives: Sequence[str]) -> Verification | None:
    """How these very archives fared; None where nobody tried them."""
    record = store.record(VERIFICATION, _name(name, archives))
    return None if record is None else Verification(**record)


def _name(name: str, archives: Sequence[str]) -> str:
    return key({"name": name, "archives": list(archives)})
