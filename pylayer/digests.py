"""What somebody says is a sha256 → a Digest, which names a file of the store and can be nothing else."""

from __future__ import annotations

import re
from typing import Self

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHOWN = 80  # characters of what stands in its place


class Digest(str):
    """A sha256: 64 hex digits in lower case.

    Made of anything else, it is a ValueError whose message completes "the sha256 …". A digest comes from
    outside in many places (an index, a lock, layers.json, a record) and becomes a part of a path.
    """

    __slots__ = ()

    def __new__(cls, value: object) -> Self:
        """Take the digits that a computation, a file or a server gave."""
        if isinstance(value, str) and _SHA256.fullmatch(value):
            return super().__new__(cls, value)
        text = repr(value)
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise ValueError(f"is not 64 hex digits: {shown}")

    @classmethod
    def or_none(cls, value: object) -> Self | None:
        """A digest where `value` is one."""
        try:
            return cls(value)
        except ValueError:
            return None
