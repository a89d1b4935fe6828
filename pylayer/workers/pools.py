"""Where workers are → executors, by the architecture that they run without emulation."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol

from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor, Future


class WorkerPool(Protocol):
    """Worker processes that do what they are given, maybe on other machines."""

    @property
    def places(self) -> Mapping[Architecture, int]:
        """How many jobs may run at once now, by the architecture of the workers; none where that is 0."""
        ...

    @property
    def about(self) -> str:
        """What they are, in words."""
        ...

    def each(self, function: Callable[[], Mapping[str, str]]) -> Mapping[str, Mapping[str, str] | str]:
        """Call a function in each worker that is there: what it gave, or why it could not, by their names."""
        ...

    def submit(
        self, architecture: Architecture, function: Callable[..., bytes], *args: str | bytes
    ) -> Future[bytes]:
        """Have a function called by a worker of an architecture; once more, where a worker dies meanwhile."""
        ...

    def close(self) -> None:
        """Forget what has not ended."""
        ...


class ExecutorPool:
    """Any executor of the standard library's kind, whose workers are of this machine's architecture."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        own = Architecture.of_machine(os.uname().machine)
        count = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
        self.places: Mapping[Architecture, int] = {own: count} if own else {}
        self.about = type(executor).__name__
        self._futures: set[Future[bytes]] = set()
        self._lock = threading.Lock()

    def each(self, function: Callable[[], Mapping[str, str]]) -> Mapping[str, Mapping[str, str] | str]:
        """Ask one of them: which ones there are, an executor does not say."""
        return {"a worker": self._executor.submit(function).result()}

    def submit(
        self,
        architecture: Architecture,  # noqa: ARG002  a WorkerPool's
        function: Callable[..., bytes],
        *args: str | bytes,
    ) -> Future[bytes]:
        """Have it called."""
        future = self._executor.submit(function, *args)
        with self._lock:
            self._futures.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[bytes]) -> None:
        with self._lock:
            self._futures.discard(future)

    def close(self) -> None:
        """Cancel what has not begun; the executor is its owner's."""
        with self._lock:
            left = list(self._futures)
        for future in left:
            future.cancel()
