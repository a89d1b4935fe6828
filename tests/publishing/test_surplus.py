"""Versions too many: which of them are deleted, and what is left to the next run."""

from __future__ import annotations

import pytest
from factories.region import Memory

from pylayer.publishing import surplus
from pylayer.publishing.cloud import CloudError, Draft, Patience
from pylayer.publishing.surplus import Doubt

DENIED = CloudError("denied", "DeleteLayerVersion: access denied")


def settled(region, *contents, baseline=0, region_name="eu-west-1"):
    """What is left of a doubt over versions with these contents, and what was said."""
    for content in contents:
        region.add(
            Draft(name="etl", content=content, description="", license="", runtimes=(), architectures=())
        )
    doubt = Doubt(region=region_name, name="etl", baseline=baseline)
    said: list[str] = []
    patience = Patience(pause=0)
    left = surplus.settle([doubt], {region.name: region}, patience=patience, say=said.append)
    return sorted(region.layers.get("etl", ())), bool(left), said


@pytest.mark.parametrize(
    ("contents", "baseline", "kept"),
    [
        ((), 0, []),
        ((b"a",), 0, [1]),
        ((b"a", b"a", b"a"), 0, [1]),
        ((b"a", b"b", b"a"), 0, [1, 2, 3]),
        ((b"a", b"b", b"b", b"a", b"a"), 0, [1, 2, 4]),
        ((b"a", b"a", b"b", b"b"), 3, [1, 2, 3]),
        ((b"a", b"a", b"b", b"b"), 2, [1, 2, 3]),
    ],
)
def test_the_oldest_of_what_is_the_same_stays(contents, baseline, kept):
    """From the baseline on; what another content parts is no duplicate."""
    versions, left, said = settled(Memory(), *contents, baseline=baseline)
    assert (kept, False) == (versions, left)
    deleted = set(range(1, len(contents) + 1)) - set(kept)
    assert [f"etl: the duplicate {number} in eu-west-1 was deleted" for number in sorted(deleted)] == said


def test_what_the_listing_does_not_have_yet_is_found():
    """The version after the newest is asked for itself."""
    region = Memory()
    region.numbers = lambda layer: (1,)  # type: ignore[method-assign]
    assert ([1], False) == settled(region, b"a", b"a", baseline=1)[:2]


@pytest.mark.parametrize("method", ["numbers", "version", "remove"])
def test_what_aws_refuses_is_left_to_the_next_run(method):
    """And said."""
    versions, left, said = settled(Memory(fail={method: [DENIED]}), b"a", b"a")
    assert ([1, 2], True) == (versions, left)
    assert ["access denied" in line for line in said] == [True]


def test_another_region_is_left_to_a_run_that_has_it():
    """Nothing is asked for."""
    region = Memory()
    assert ([1, 2], True, []) == settled(region, b"a", b"a", region_name="us-east-1")
    assert [] == region.asked


def test_a_region_that_cannot_be_reached_is_asked_once():
    """Each question waits for long, and there may be many layers."""
    region = Memory(fail={"numbers": [CloudError("unreachable", "no connection")] * 9})
    doubts = {Doubt(region=region.name, name=name, baseline=0) for name in ("a", "b", "c")}
    said: list[str] = []
    left = surplus.settle(doubts, {region.name: region}, patience=Patience(pause=0), say=said.append)
    assert (frozenset(doubts), ["numbers"], 1) == (left, region.asked, len(said))
