"""Bytes ↔ what a person reads and writes.

A unit is a power of 1024 however it is written, as AWS counts: its 250 MB are 262,144,000 bytes.
"""

from __future__ import annotations

import re

_MEBIBYTE = 1 << 20
_KIBIBYTE = 1 << 10
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|B)", re.IGNORECASE)
_MOST_DIGITS = 30  # no disk has as many bytes
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size_text(size: int) -> str:
    """Bytes as a person reads them: `12.4 MiB`."""
    if size >= _MEBIBYTE:
        return f"{size / _MEBIBYTE:.1f} MiB"
    return f"{size / _KIBIBYTE:.1f} KiB" if size >= _KIBIBYTE else f"{size} B"


def read_size(text: str) -> int | None:
    """The bytes that `text` writes down (`100 MB`, `1.5GiB`, `512 B`); None where it is no size.

    A number needs its unit, or it would be bytes for one reader and megabytes for another; 0 needs none.
    """
    if text.strip() == "0":
        return 0
    match = _SIZE.fullmatch(text.strip())
    if not match or len(match[1]) > _MOST_DIGITS:
        return None
    return int(float(match[1]) * _UNITS[(match[2] or "").upper()])
