"""Archives that are sent in requests → as many in memory at once as there is room for."""

from __future__ import annotations

import contextlib
from dataclasses import field
from threading import Condition
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of archives: a request, in which one is text, takes twice that as well.
MOST = 200 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class MemoryBound:
    """Bytes that are held at once, of all regions; who wants more waits, unless nobody else has any."""

    most: int = MOST
    _held: int = 0
    _freed: Condition = field(default_factory=Condition)

    @contextlib.contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Wait until there is room for `size` bytes, as there is for 0, and give it back afterwards."""
        with self._freed:
            self._freed.wait_for(lambda: not size or not self._held or self._held + size <= self.most)
            self._held += size
        try:
            yield
        finally:
            with self._freed:
                self._held -= size
                self._freed.notify_all()
