"""Tests of pylayer.engines.once."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

from pylayer.engines.once import Once


def test_computed_once_for_all_threads() -> None:
    """Threads that ask at the same time get the one result."""
    once: Once[str, int] = Once()
    calls: list[int] = []
    results: list[int] = []

    def compute() -> int:
        calls.append(1)
        time.sleep(0.05)
        return 41

    threads = [threading.Thread(target=lambda: results.append(once.get("a", compute))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ([1], [41] * 8) == (calls, results)


def test_keys_are_apart() -> None:
    """Each key has a value of its own."""
    once: Once[str, str] = Once()
    assert ["a", "b", "a"] == [once.get(key, partial(str, key)) for key in "aba"]


def test_errors_are_remembered() -> None:
    """A computation that failed is not tried again."""
    once: Once[str, int] = Once()

    def fail() -> int:
        raise LookupError("gone")

    for compute in (fail, lambda: 41):
        with pytest.raises(LookupError, match="gone"):
            once.get("a", compute)
