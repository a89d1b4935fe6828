"""Everything that pylayer reads from elsewhere → what must be true however it is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something that is read: `read` takes it, and a folder that is all that may be written to.

    It returns where all is right, raises PylayerError where something is wrong, and asserts what must be true
    of what it read; anything else is a fault. `seeds` are right; what `mutate` makes of one may not be.
    `weight` is its share of a campaign, `finish` looks at what the folder holds after some hundreds.
    """

    name: str
    read: Callable[[bytes, Path], None]
    mutate: Callable[[Random, bytes], bytes]
    seeds: tuple[bytes, ...] = ()
    weight: int = 5
    finish: Callable[[Path], None] | None = None


def scratch_file(folder: Path, name: str, content: bytes) -> Path:
    """Write a file of this content."""
    path = folder / name
    path.write_bytes(content)
    return path
