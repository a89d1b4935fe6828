"""Tests of pylayer.engines.docker.bounds: what an engine is asked to hold its containers to."""

from __future__ import annotations

from pylayer.engines.docker.bounds import Bounds


def test_bounds_are_added_to_what_else_is_asked_for() -> None:
    """In the API's own words; nothing is swapped out."""
    asked = Bounds(memory=1 << 30, processes=4096).put_on({"AutoRemove": True})
    assert {"AutoRemove": True, "Memory": 1 << 30, "MemorySwap": 1 << 30, "PidsLimit": 4096} == asked


def test_an_engine_that_can_bound_nothing_is_told_so() -> None:
    """Podman would have a bound of its own, with which it starts no container there."""
    bounds = Bounds(memory=None, processes=None)
    assert {"PidsLimit": 0} == bounds.put_on({})
    assert "memory and processes" == bounds.lacking
