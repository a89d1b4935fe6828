"""What the store and the engine keep for later runs → its size, and less of it where asked."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pylayer.amounts import read_size, size_text
from pylayer.errors import EngineError, UsageError
from pylayer.store import Store, default_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_AGE = re.compile(r"(\d+)\s*(s|m|h|d|w)", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class KeptItem(Protocol):
    """An image that the engine keeps: its size in bytes beyond its base's, made at (seconds since 1970)."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def size(self) -> int: ...  # noqa: D102
    @property
    def created(self) -> float: ...  # noqa: D102


class Keeper(Protocol):
    """An engine that keeps images."""

    def kept(self) -> Sequence[KeptItem]:
        """What it keeps."""
        ...

    def forget(self, names: Sequence[str]) -> None:
        """Remove images by name."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


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
            raise UsageError(f"{age!r} is no age", where="--older-than", hint="write 12h, 30d or 8w")
        seconds = int(found[1]) * _SECONDS[found[2].lower()] if found else None
        bound = read_size(size) if size else None
        if size and bound is None:
            raise UsageError(f"{size!r} is no size", where="--larger-than", hint="write 500MB or 5GB")
        return cls(age=seconds, size=bound)


def tend(limits: Limits, *, say: Callable[[str], None], keeper: Callable[[], Keeper]) -> None:
    """Say what is kept, and remove what is over `limits`; the store's bound leaves images alone."""
    root = default_root()
    store = Store(root, note=say)
    if limits.age is not None or limits.size is not None:
        gone = store.prune(older_than=limits.age, larger_than=limits.size)
        say(f"removed {size_text(gone.size)} in {gone.blobs} files and {gone.records} records")
    usage = store.usage()
    say(f"store   {size_text(usage.size)} in {usage.blobs} files, {usage.records} records  ({root})")
    local = root / "engines" / "local"
    say(f"local   {size_text(_size_of(local))} of build environments  ({local})")
    try:
        engine = keeper()
    except EngineError as error:
        say(f"images  no engine to ask: {error.faults[0].what}")
        return
    try:
        _images(engine, limits, say)
    finally:
        engine.close()


def _images(engine: Keeper, limits: Limits, say: Callable[[str], None]) -> None:
    images = engine.kept()
    old = [one for one in images if limits.age is not None and one.created < time.time() - limits.age]
    if old:
        engine.forget([one.name for one in old])
        say(f"removed {len(old)} images, {size_text(sum(one.size for one in old))}")
        images = engine.kept()
    say(f"images  {size_text(sum(one.size for one in images))} in {len(images)} build environments")


def _size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
