"""Steps that want a processor → in which order they begin: what ends builds soonest first.

What takes long never holds every processor while something short may come: a build whose wheels are there
would wait for its archive until a compiler for another machine is ready.
"""

from __future__ import annotations

import asyncio
import heapq
from contextlib import asynccontextmanager, contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


_Asked = tuple["Urgency", float, int, "asyncio.Future[Urgency]"]


class Urgency(IntEnum):
    """What a step is for, the most urgent first: by how much of a build is left after it."""

    SHORT = 0  # looks something up, or writes an archive
    BYTECODE = 1  # only the archive is left
    BUILD = 2
    NATIVE = 3  # a build that may run compilers
    PREPARE = 4  # what one of those will need, if it comes to it
    AHEAD = 5  # nobody wants it yet, and somebody is likely to

    @property
    def long(self) -> bool:
        """Whether it may take many times as long as all that is more urgent."""
        return self >= Urgency.NATIVE


class Turns:
    """So many steps at once; to be used within one event loop.

    What is short leaves one of several turns to a build that waits: so the one that an edit made necessary
    begins beside what is looked up for a hundred others. All but one of the turns, at least one, are for what
    takes long, unless nothing else is there or may come of what is being waited for. What nobody wants yet
    never has the last one: of several short steps that follow each other, each would wait for it.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._most_ahead = count - 1
        self._most_long = self._most_brief = max(1, count - 1)
        self._brief = 0
        self._long = 0
        self._short = 0
        self._coming = 0
        self._asked: dict[bool, list[_Asked]] = {True: [], False: []}  # by whether it is short
        self._ahead: list[tuple[Callable[[], Urgency], int, asyncio.Future[Urgency]]] = []
        self._number = 0

    @asynccontextmanager
    async def turn(
        self, urgency: Urgency | Callable[[], Urgency], *, order: float = 0.0
    ) -> AsyncIterator[None]:
        """Wait for a turn, and hold it; of equally urgent ones, the one of the lowest `order` has it first.

        Of those of one order, whoever asked first has. An urgency that may rise is asked for as long as it is
        AHEAD.
        """
        self._number += 1
        granted: asyncio.Future[Urgency] = asyncio.get_running_loop().create_future()
        if isinstance(urgency, Urgency):
            self._push(urgency, order, self._number, granted)
        else:
            self._ahead.append((urgency, self._number, granted))
        self._grant()
        try:
            await granted
            yield
        finally:
            if not granted.cancelled():
                self._count(granted.result(), -1)
                self._grant()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Count on something short that follows, while this goes on."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1
            self._grant()

    def _grant(self) -> None:
        for one in [*self._ahead]:
            rising, number, granted = one
            if granted.done() or (urgency := rising()) is not Urgency.AHEAD:
                self._ahead.remove(one)
                if not granted.done():
                    self._push(urgency, 0.0, number, granted)
        while self._free and (asked := self._next()):
            urgency, _, _, granted = heapq.heappop(asked)
            self._give(granted, urgency)
        if any(self._asked.values()):
            return
        while self._free and self._ahead and self._long < self._most_ahead:
            _, _, granted = self._ahead.pop(0)
            self._give(granted, Urgency.AHEAD)

    def _push(self, urgency: Urgency, order: float, number: int, granted: asyncio.Future[Urgency]) -> None:
        heapq.heappush(self._asked[urgency is Urgency.SHORT], (urgency, order, number, granted))

    def _next(self) -> list[_Asked]:
        """Those of which the first has the next turn; none where nothing may begin."""
        brief, others = self._asked[True], self._asked[False]
        if not others or not others[0][0].long:
            return brief if brief and (self._brief < self._most_brief or not others) else others
        kept_back = self._long >= self._most_long and (self._short or self._coming)
        return brief or ([] if kept_back else others)

    def _give(self, granted: asyncio.Future[Urgency], urgency: Urgency) -> None:
        if not granted.done():
            self._count(urgency, 1)
            granted.set_result(urgency)

    def _count(self, urgency: Urgency, change: int) -> None:
        self._free -= change
        self._brief += change if urgency is Urgency.SHORT else 0
        if urgency.long:
            self._long += change
        else:
            self._short += change
