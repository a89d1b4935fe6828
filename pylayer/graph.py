"""Steps that many builds share → each done once, as many at a time as the machine allows.

Coordination is asyncio, which is cheap at thousands of builds; the steps themselves block (a subprocess, an
engine's API, compression) and run in a bounded pool of threads.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from pylayer.activity import SHORTEST, Activity, Work
from pylayer.errors import PylayerError
from pylayer.processors import Processors
from pylayer.trail import CONNECTION, PROCESSOR, Trail
from pylayer.turns import Turns, Urgency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterator, Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager

DOWNLOADS = 16

P = ParamSpec("P")
T = TypeVar("T")

# The keys of the steps that the present one was started for, from the outermost to itself.
_within: ContextVar[tuple[Hashable, ...]] = ContextVar("within", default=())


class CircleError(PylayerError):
    """A step that waits for itself; `keys` go from it to the one that it would wait for, itself again."""

    def __init__(self, keys: Sequence[Hashable]) -> None:
        super().__init__(f"waits for itself: {' → '.join(map(str, keys))}")
        self.keys = tuple(keys)


class Watcher(Protocol):
    """Hears of every piece of work, from the thread that did it."""

    def __call__(self, keys: Sequence[Hashable], *, started: float, ended: float) -> None:
        """`keys` are those of the steps it was done for, the first one first; times are perf_counter's."""
        ...


class Graph:
    """The steps of one run; to be made and used within one event loop.

    `jobs` bounds how many steps compute at once, `processors` what they compute with: a step that runs holds
    one. Of those that could begin, the most urgent does. Waiting for an index has a bound of its own, and so
    has what other machines may do: `away` at once, none where that is 0. `activity` has what is being done at
    each moment, and `trail` what steps spent their time with.
    """

    def __init__(
        self,
        *,
        jobs: int,
        away: int = 0,
        watcher: Watcher | None = None,
        activity: Activity | None = None,
        trail: Trail | None = None,
    ) -> None:
        self.activity = activity or Activity()
        self.trail = trail or Trail()
        self.processors = Processors(jobs)
        self._turns = Turns(jobs)
        self._watcher = watcher
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}
        self._awaited: dict[Hashable, list[Hashable]] = {}  # by step, the steps that it waits for now
        self._needs: dict[Hashable, dict[Hashable, None]] = {}  # by step, all that it ever waited for
        self._works: dict[Hashable, list[Work]] = {}
        self._computing = ThreadPoolExecutor(jobs, thread_name_prefix="step")
        self._waiting = ThreadPoolExecutor(DOWNLOADS, thread_name_prefix="wait")
        self._away = (Turns(away), ThreadPoolExecutor(away, thread_name_prefix="away")) if away else None

    async def once(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await the step of this key, started at its first use; an error reaches all who await it.

        Raises CircleError where that step, by way of others, waits for the present one: for ever.
        """
        task = self._tasks.get(key)
        self.needs(key)
        own = _within.get()[-1:]
        if task is None:
            task = self._tasks[key] = asyncio.create_task(self._step(key, make))
        elif own and not task.done() and (way := self._way(key, own[0])):
            raise CircleError((*own, *way))
        awaited = self._awaited.setdefault(own[0], []) if own else []
        awaited.append(key)
        try:
            with self.awaiting(key):
                # The one who is cancelled does not take the step away from the others.
                result: T = await asyncio.shield(task)
        finally:
            awaited.remove(key)
        return result

    @contextmanager
    def awaiting(self, key: Hashable) -> Iterator[None]:
        """Count what passes in here to waiting for what the step of `key` does."""
        own = _within.get()[-1:]
        started = time.perf_counter()
        try:
            yield
        finally:
            step = own[0] if own else None
            self.trail.awaited(step, key, started=started, ended=time.perf_counter())

    def needs(self, key: Hashable) -> None:
        """Count what the step of `key` does to what the present step takes."""
        for own in _within.get()[-1:]:
            self._needs.setdefault(own, {})[key] = None

    def works(self, key: Hashable, *, apart: Callable[[Hashable], bool]) -> list[Work]:
        """What was done for a step and all that it needed, by when it began.

        Of a step that `apart` is true of, what it needed is not counted: it serves others as well.
        """
        steps = self.needed(key, apart=apart)
        found = [work for step in steps for work in self._works.get(step, ())]
        return sorted(found, key=lambda work: work.started)

    def needed(self, key: Hashable, *, apart: Callable[[Hashable], bool] = lambda _: False) -> set[Hashable]:
        """A step and all that it needed, by way of others too, but for those that `apart` is true of."""
        seen, left = {key}, [key]
        while left:
            step = left.pop()
            if step == key or not apart(step):
                further = self._needs.get(step, {}).keys() - seen
                seen |= further
                left += further
        return seen

    def _way(self, start: Hashable, end: Hashable) -> tuple[Hashable, ...]:
        """How `start` comes to wait for `end`: the steps between them, both included; empty where not."""
        ways: dict[Hashable, tuple[Hashable, ...]] = {start: (start,)}
        left = [start]
        while left:
            step = left.pop()
            if step == end:
                return ways[step]
            for further in self._awaited.get(step, ()):
                if further not in ways:
                    ways[further] = (*ways[step], further)
                    left.append(further)
        return ()

    async def compute(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a short blocking function that keeps a processor busy: before all that takes long."""
        return await self.compute_as(Urgency.SHORT, partial(function, *args, **kwargs))

    async def compute_as(
        self, urgency: Urgency | Callable[[], Urgency], call: Callable[[], T], *, order: float = 0.0
    ) -> T:
        """Run a blocking function that keeps a processor busy, here or in an engine, in its turn.

        An `urgency` may rise from AHEAD to another one while it waits. Of equally urgent ones that wait, the
        one of the lowest `order` begins first.
        """
        return await self._in_turn(self._turns, self._computing, urgency, order, call)

    async def compute_away(
        self, urgency: Urgency, call: Callable[[], T], *, seconds: float = 0.0, order: float = 0.0
    ) -> T:
        """Run what another machine may do, if there is one; it lets go of its processor as long as that does.

        Of what waits, what takes most `seconds` begins first there; here it is what has the lowest `order`.
        """
        if self._away is None:
            return await self.compute_as(urgency, call, order=order)
        turns, executor = self._away
        return await self._in_turn(turns, executor, Urgency.BUILD, -seconds, call)

    async def _in_turn(
        self,
        turns: Turns,
        executor: Executor,
        urgency: Urgency | Callable[[], Urgency],
        order: float,
        call: Callable[[], T],
    ) -> T:
        asked = time.perf_counter()
        async with turns.turn(urgency, order=order):
            return await self._run(executor, call, holding=self.processors.one, asked=asked, queue=PROCESSOR)

    async def wait(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking function that waits for a network; where it computes, it takes of `processors`."""
        with self._turns.coming():
            return await self._run(
                self._waiting,
                partial(function, *args, **kwargs),
                holding=nullcontext,
                asked=time.perf_counter(),
                queue=CONNECTION,
            )

    def within(self, key: Hashable) -> None:
        """Count what the present task does from here on to the step of this key."""
        keys = (*_within.get(), key)
        _within.set(keys)
        self.trail.begun(keys)

    async def _step(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        self.within(key)
        return await make()

    async def _run(
        self,
        executor: Executor,
        call: Callable[[], T],
        *,
        holding: Callable[[], AbstractContextManager[None]],
        asked: float,
        queue: str,
    ) -> T:
        watcher, keys = self._watcher, _within.get()
        work = Work(keys=keys)

        def held() -> T:
            with holding():
                try:
                    with self.activity.at(work):
                        return call()
                finally:
                    if watcher is not None and work.ended is not None:
                        watcher(keys, started=work.started, ended=work.ended)

        try:
            return await asyncio.get_running_loop().run_in_executor(executor, held)
        finally:
            if work.ended is not None:
                self.trail.worked(keys[-1] if keys else None, work, asked=asked, queue=queue)
                if keys and (work.log or work.ended - work.started >= SHORTEST):
                    self._works.setdefault(keys[-1], []).append(work)

    async def stop(self) -> None:
        """Forget what has not begun; what is running is left to end by itself."""
        self._computing.shutdown(wait=False, cancel_futures=True)
        self._waiting.shutdown(wait=False, cancel_futures=True)
        if self._away:
            self._away[1].shutdown(wait=False, cancel_futures=True)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def together(awaitables: list[Awaitable[T]]) -> list[T]:
    """Await all; the first error in their order is raised once all have ended."""
    results = await asyncio.gather(*awaitables, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
