"""What the store and the engine keep for later runs → its size, and less of it where asked."""

from __future__ import annotations

import re
import time
from contextlib import closing
from typing import TYPE_CHECKING

from pylayer.amounts import read_size, size_text
from pylayer.answers import CacheAnswer, KeptAnswer, RemovedAnswer, StoreAnswer
from pylayer.dataclassing import dataclass
from pylayer.errors import EngineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pylayer.engines import KeptEnvironment, ListedEngine
    from pylayer.engines.placing import EnginePlace
    from pylayer.store import Store

_AGE = re.compile(r"(\d+)\s*(s|m|h|d|w)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is to go: what was unused for `age` seconds, and what is over `size` bytes; None: nothing."""

    age: float | None = None
    size: int | None = None

    @classmethod
    def read(cls, age: str, size: str) -> Limits:
        """Read `30d` and `5GB`; UsageError naming the option where that is not what they look like."""
        found = _AGE.fullmatch(age.strip()) if age else None
        if age and not found:
            raise UsageError(f"{age!r} is not an age", where="--older-than", hint="write 12h, 30d or 8w")
        seconds = int(found[1]) * _SECONDS[found[2].lower()] if found else None
        bound = read_size(size) if size else None
        if size and bound is None:
            raise UsageError(f"{size!r} is not a size", where="--larger-than", hint="write 500MB or 5GB")
        return cls(age=seconds, size=bound)


def tend(
    limits: Limits,
    *,
    store: Store,
    say: Callable[[str], None],
    places: Sequence[EnginePlace],
    connect: Callable[[EnginePlace], ListedEngine],
    dry: bool = False,
) -> tuple[bool, CacheAnswer]:
    """Say what is kept, and remove what is over `limits`; the store's size bounds no engine.

    `connect` makes the engine of one of `places`, and raises EngineError where it does not answer. With `dry`
    nothing is removed; the result is whether anything would be, and what a machine reads.
    """
    removed: list[RemovedAnswer] = []
    if limits.age is not None or limits.size is not None:
        gone = store.prune(older_than=limits.age, larger_than=limits.size, dry=dry)
        say(f"{_verb(dry)} {size_text(gone.size)} in {gone.blobs} files and {gone.records} records")
        removed.append(RemovedAnswer(place="store", size=gone.size, files=gone.blobs, records=gone.records))
    usage = store.usage()
    say(f"store   {size_text(usage.size)} in {usage.blobs} files, {usage.records} records  ({store.root})")
    engines = []
    for place in places:
        name = f"{place.kind.name} at {place.at}" if place.at else place.kind.name
        about = ""
        kept: Sequence[KeptEnvironment] = ()
        try:
            with closing(connect(place)) as engine:
                kept, old = _tend_engine(name, engine, limits, say, dry=dry)
        except EngineError as error:
            about = error.faults[0].what
            say(f"{name:<7} not available: {about}")
        else:
            if old:
                removed.append(RemovedAnswer(place=name, size=_size(old), files=len(old), records=0))
        engines.append(
            KeptAnswer(
                name=place.kind.name,
                host=place.at,
                answers=not about,
                size=_size(kept),
                environments=len(kept),
                about=about,
            )
        )
    pending = dry and any(each["files"] or each["records"] for each in removed)
    answer = CacheAnswer(
        shared=None,
        dry_run=dry,
        removed=removed,
        store=StoreAnswer(path=str(store.root), size=usage.size, files=usage.blobs, records=usage.records),
        engines=engines,
    )
    return pending, answer


def _tend_engine(
    name: str, engine: ListedEngine, limits: Limits, say: Callable[[str], None], *, dry: bool
) -> tuple[Sequence[KeptEnvironment], Sequence[KeptEnvironment]]:
    """Say what an engine keeps; give that, and what is too old of it."""
    kept = engine.kept()
    old = [item for item in kept if limits.age is not None and item.used < time.time() - limits.age]
    if old:
        say(f"{_verb(dry)} {size_text(_size(old))} in {len(old)} build environments of {name}")
        if not dry:
            engine.forget([item.name for item in old])
            kept = engine.kept()
    say(f"{name:<7} {size_text(_size(kept))} in {len(kept)} build environments")
    return kept, old


def _size(kept: Sequence[KeptEnvironment]) -> int:
    return sum(item.size for item in kept)


def _verb(dry: bool) -> str:  # noqa: FBT001  it says which
    return "would remove" if dry else "removed"
