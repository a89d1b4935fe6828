"""Everything that can change a byte of a result → its key; and two of those compared, in words."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Parts = dict[str, Any]
"""What a key is made of: JSON values under names that a person reads in `pylayer why`."""


def key(parts: Mapping[str, Any]) -> str:
    """Sha256 (hex) of `parts` as canonical JSON."""
    return hashlib.sha256(canonical(parts)).hexdigest()


def canonical(value: object) -> bytes:
    """JSON with sorted names and no spaces: equal values, equal bytes.

    A file's name that is not UTF-8 counts by its own bytes.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogateescape")


@cache
def source(*names: str) -> str:
    """Sha256 (hex) of pylayer's own modules and tables: files, or folders of them, by path in the package.

    What these files compute follows from them, whatever pylayer's version is called.
    """
    total = hashlib.sha256()
    for name in names:
        path = Path(__file__).parent / name
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.suffix in {".py", ".toml"}:
                total.update(f"{name} {file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def changes(before: object, after: object, *, name: str = "") -> Iterator[str]:
    """One line for each difference between two keys' parts, outermost names first.

    A sha256 is cut to 12 digits; of two tables only the entries that differ are told.
    """
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for inner in sorted({*before, *after}):
            place = f"{name}: {inner}" if name else inner
            if inner not in before:
                yield f"{place} is new{_told(after[inner])}"
            elif inner not in after:
                yield f"{place} is gone{_told(before[inner])}"
            else:
                yield from changes(before[inner], after[inner], name=place)
    elif isinstance(before, list) and isinstance(after, list):
        gone = [item for item in before if item not in after]
        new = [item for item in after if item not in before]
        if gone or new:
            told = [f"-{_short(item)}" for item in gone] + [f"+{_short(item)}" for item in new]
            yield f"{name}: {' '.join(told)}"
        else:
            yield f"{name}: in another order"
    else:
        yield f"{name} changed ({_short(before)} → {_short(after)})"


def _told(value: object) -> str:
    return f" ({_short(value)})" if isinstance(value, str | int | bool) else ""


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_digest = len(text) >= 64 and all(digit in "0123456789abcdef" for digit in text[:64])
    return text[:12] + "…" + text[64:] if is_digest else text
