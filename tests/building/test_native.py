"""Which way native code is built, as the manifest and the cross compiler have it."""

from __future__ import annotations

import asyncio

import pytest

from pylayer.building import native
from pylayer.errors import BuildError
from pylayer.monorepo.trees import TreeEntry


def choose(how, *, crosses):
    """What comes of a choice where cross goes, or does not."""

    async def cross():
        if not crosses:
            raise BuildError("it runs what it compiled")
        return "cross"

    async def container(reason):
        return f"container: {reason}"

    return asyncio.run(native.chosen(how, cross=cross, container=container))


@pytest.mark.parametrize(
    ("how", "crosses", "expected"),
    [
        ("auto", True, "cross"),
        ("auto", False, "container: it runs what it compiled"),
        ("cross", True, "cross"),
        ("container", True, "container: "),
    ],
)
def test_the_way_is_chosen(how, crosses, expected):
    """Cross where it goes and may; else the container, which is told the reason."""
    assert choose(how, crosses=crosses) == expected


def test_cross_alone_is_an_error():
    """Where it does not go, nothing else is tried."""
    with pytest.raises(BuildError, match="it runs what it compiled"):
        choose("cross", crosses=False)


def test_sources_are_seen_by_their_names():
    """A C file is one, a module of Python none."""
    assert native.has_sources([TreeEntry(name="src/a.c", source=b"")])
    assert not native.has_sources([TreeEntry(name="src/a.py", source=b"")])
