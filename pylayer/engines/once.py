"""Keys → values that are computed once, whichever thread asks first; errors are remembered as values are."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    Key = TypeVar("Key", bound=Hashable)
else:
    Key = TypeVar("Key")
Value = TypeVar("Value")


class Once(Generic[Key, Value]):
    """Threads that ask for one key wait for one computation; those of other keys do not."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._futures: dict[Key, Future[Value]] = {}

    def get(self, key: Key, compute: Callable[[], Value]) -> Value:
        """Give the value of `key`, or raise the error of its computation."""
        with self._lock:
            known = self._futures.get(key)
            if known is None:
                future = self._futures[key] = Future()
        if known is None:
            try:
                future.set_result(compute())
            except Exception as error:  # noqa: BLE001  kept, and raised below
                future.set_exception(error)
            except BaseException:
                future.cancel()
                raise
            known = future
        return known.result()

    def forget(self, key: Key) -> None:
        """Let who asks next have it computed again."""
        with self._lock:
            self._futures.pop(key, None)
