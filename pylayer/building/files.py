"""Wheels and bytecode of which all is known but their bytes → their files, had once something opens them.

Where there is a shared store, most of a run is decided by records: which wheel a project comes to, what it
requires, which archive they all give. Only what opens a file waits for it, and then for all that it opens at
once, beside the threads that compute.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pylayer.errors import MisledError
from pylayer.graph import together

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
    from typing import Any

    from pylayer.graph import Graph
    from pylayer.store import Store
    from pylayer.wheels import Wheel

    Coming = Coroutine[Any, Any, None]
    Fetch = Callable[[Sequence[str]], Coming]


class Files:
    """Has files that the store knows of: from the shared store, or as whoever `promised` them does it."""

    def __init__(self, graph: Graph, store: Store) -> None:
        self._graph = graph
        self._store = store
        self._promised: dict[str, Fetch] = {}
        self._coming: dict[str, tuple[Hashable, Callable[[], Coming]]] = {}  # by sha256, a step

    @property
    def lazy(self) -> bool:
        """Whether a file may be known and not be here."""
        return self._store.lazy

    def promise(self, sha256s: Iterable[str], fetch: Fetch) -> None:
        """Say how files are had that are from elsewhere than the shared store."""
        for sha256 in sha256s:
            self._promised.setdefault(sha256, fetch)

    def lacks(self, sha256s: Iterable[str]) -> bool:
        """Whether some of these files are not here."""
        return self.lazy and not all(map(self._store.is_here, sha256s))

    async def of_wheels(self, wheels: Iterable[Wheel]) -> None:
        """Have the files of wheels."""
        await self.have(wheel.sha256 for wheel in wheels)

    async def have(self, sha256s: Iterable[str]) -> None:
        """Have files here; MisledError where the shared store no longer has what it had."""
        if not self.lazy:
            return
        absent = [each for each in dict.fromkeys(sha256s) if not self._store.is_here(each)]
        ways: dict[Fetch, list[str]] = {}
        for sha256 in absent:
            if sha256 not in self._coming:
                ways.setdefault(self._promised.get(sha256, self._fetched), []).append(sha256)
        for fetch, wanted in ways.items():
            step = ("files", *wanted)
            self._coming |= dict.fromkeys(wanted, (step, partial(fetch, wanted)))
        steps = dict.fromkeys(self._coming[sha256] for sha256 in absent)
        await together([self._graph.once(step, fetch) for step, fetch in steps])

    async def _fetched(self, wanted: Sequence[str]) -> None:
        if lost := await self._graph.wait(self._store.have, wanted):
            raise MisledError(f"{len(lost)} files of the shared store are gone")
