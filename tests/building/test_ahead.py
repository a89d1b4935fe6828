"""What the lock makes likely is begun early, and quietly."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from pylayer.building.ahead import Ahead
from pylayer.errors import DownloadError

BUILD: Any = SimpleNamespace(
    target=SimpleNamespace(runtime="python3.13"), layer=SimpleNamespace(bytecode="on")
)


class Likely:
    """Dependencies and a compiler in one, which remember what was asked of them."""

    def __init__(self, *, lacking=True, error=None, locked=("one", "other")):
        self.lacking, self.error, self.known = lacking, error, locked
        self.asked, self.expected_ones = [], []

    def locked(self, build):
        return self.known

    async def likely(self, build):
        return ("stated",)

    async def expected(self, build):
        if self.error:
            raise self.error
        return ("wheels",)

    async def lacks(self, sha256s, *, build):
        self.asked.append(sorted(sha256s))
        return self.lacking

    async def expect(self, wheels, *, build):
        self.expected_ones.append(wheels)


def ahead(likely: Any, *, lazy=False, processors=2):
    """Begin early with two builds that have the same in the lock."""
    graph = SimpleNamespace(processors=SimpleNamespace(count=processors))
    context: Any = SimpleNamespace(files=SimpleNamespace(lazy=lazy), graph=graph)
    asyncio.run(Ahead(context, dependencies=likely, bytecode=likely).of([BUILD, BUILD]))
    return likely.asked, likely.expected_ones


def test_what_is_locked_is_looked_for_once():
    """However many builds have it."""
    assert ([["one", "other"]], [("wheels",)]) == ahead(Likely())


@pytest.mark.parametrize(
    ("likely", "how"),
    [
        (Likely(lacking=False), {}),
        (Likely(error=DownloadError("gone")), {}),
        (Likely(), {"lazy": True}),
        (Likely(), {"processors": 1}),
    ],
)
def test_nothing_is_begun(likely, how):
    """Where all is there, it cannot be had, a shared store has it, or all wait for one processor."""
    assert [] == ahead(likely, **how)[1]


def test_what_no_lock_knows_is_had_as_it_is_stated():
    """For each build, since each may have others."""
    assert ([], [("stated",), ("stated",)]) == ahead(Likely(locked=None))


def test_what_is_locked_as_nothing_is_nothing():
    """Most packages of a monorepo need each other alone."""
    assert ([], []) == ahead(Likely(locked=()))
