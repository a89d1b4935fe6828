"""Bytes → what a person reads."""

from __future__ import annotations

_MEBIBYTE = 1 << 20
_KIBIBYTE = 1 << 10


def size_text(size: int) -> str:
    """Bytes as a person reads them: `12.4 MiB`."""
    if size >= _MEBIBYTE:
        return f"{size / _MEBIBYTE:.1f} MiB"
    return f"{size / _KIBIBYTE:.1f} KiB" if size >= _KIBIBYTE else f"{size} B"
