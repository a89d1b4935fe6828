"""Wheels divided into shares."""

from __future__ import annotations

import pytest
from factories.layers import target

from pylayer.building.pace import WheelStep
from pylayer.errors import UsageError
from pylayer.operations.dividing import MissingWheel, divided, grouped, hashed
from pylayer.targets import Architecture

X86, ARM = target("python3.13-x86_64"), target("python3.13-arm64")


def step(name, builder=X86):
    return WheelStep(project=name, builder=builder)


def wheel(name, seconds, *needs, builder=X86):
    needed = frozenset(step(need) for need in needs)
    return MissingWheel(step=step(name, builder), targets=(builder,), seconds=seconds, needs=needed)


def shares(missing, *, shards=0, most=256, processors=1):
    """By name, the projects of each share and what it takes."""
    found = divided(missing, shards=shards, own=Architecture.X86_64, most=most, processors=processors)
    return {
        f"{share.architecture} {share.name}": ([each.step.project for each in share.wheels], share.seconds)
        for share in found
    }


def test_the_longest_is_given_first():
    """Each to whoever has least to do; a share has its longest first."""
    missing = [wheel("a", 10), wheel("b", 30), wheel("c", 10), wheel("d", 10)]

    assert {"x86_64 1/2": (["b"], 30.0), "x86_64 2/2": (["a", "c", "d"], 30.0)} == shares(missing, shards=2)


def test_none_is_empty():
    """Nor is there one where nothing is missing."""
    assert {} == shares([]) == shares([], shards=7)
    assert ["x86_64 1/1"] == [*shares([wheel("a", 1)], shards=7)]


def test_what_needs_another_is_with_it():
    """Directly or by others, so that nothing is built twice; what is not missing is no matter."""
    missing = [wheel("tool", 1), wheel("a", 9, "tool"), wheel("b", 9, "a"), wheel("c", 10, "kept")]

    assert {"x86_64 1/2": (["a", "b", "tool"], 19.0), "x86_64 2/2": (["c"], 10.0)} == shares(
        missing, shards=2
    )


def test_each_architecture_has_its_own():
    """By that of the Python that builds; where a group wants both, that of the machine that planned."""
    missing = [wheel("a", 30), wheel("b", 30), wheel("c", 5, builder=ARM)]

    assert {"x86_64 1/3", "x86_64 2/3", "arm64 3/3"} == {*shares(missing, shards=3)}
    assert {"x86_64 1/2", "arm64 2/2"} == {*shares(missing, shards=1)}  # one for each at least
    assert ["x86_64 1/1"] == [*shares([wheel("a", 1), wheel("b", 1, "a", builder=ARM)], shards=4)]


@pytest.mark.parametrize(
    ("seconds", "processors", "count"),
    [
        ([1.0] * 50, 1, 1),  # not worth a second machine
        ([60.0] * 8, 1, 8),
        ([60.0] * 8, 4, 2),
        ([600.0] + [60.0] * 40, 1, 5),  # the longest takes so long alone
        ([100.0] * 5000, 1, 256),
    ],
)
def test_as_many_as_the_work_is_worth(seconds, processors, count):
    """Where nobody says how many."""
    missing = [wheel(f"p{number}", each) for number, each in enumerate(seconds)]

    assert count == len(shares(missing, processors=processors))


def test_more_than_there_may_be():
    """GitHub's matrix takes 256."""
    with pytest.raises(UsageError, match="300 shares are more than 256"):
        shares([], shards=300)


def test_it_is_the_same_whichever_way_round():
    """Two machines that found the same divide it alike."""
    missing = [wheel(name, 1) for name in "abcdefgh"]

    assert shares(missing, shards=3) == shares(missing[::-1], shards=3)


def test_names_alone_divide():
    """The same whatever is there; what builds need is with them."""
    names = [*(f"lib{number}" for number in range(200)), "tool"]
    found = hashed(names, {"lib1": ["lib2", "tool"], "lib3": ["tool"]}, of=4)

    assert {1, 2, 3, 4} == {*found.values()}
    assert 1 == len({found[name] for name in ("lib1", "lib2", "lib3", "tool")})
    assert found["lib100"] == hashed(["lib100"], {}, of=4)["lib100"]


def test_groups_keep_their_order():
    """Of what was given."""
    assert [["a", "c"], ["b"]] == grouped(["a", "b", "c"], [("c", "a")])
