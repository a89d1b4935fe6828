"""Circles of build requirements."""

from __future__ import annotations

from pathlib import Path

from pylayer.monorepo.cycles import build_cycles
from pylayer.monorepo.projectfile import Definition


def projects(**needs):
    """Make definitions of `name=(build requirements, run-time requirements)`."""
    return {
        name: Definition(
            name=name,
            folder=Path(name),
            where=name,
            requires=tuple(build),
            backend="x",
            backend_path=(),
            python_independent=True,
            vcs=None,
            dependencies=tuple(run),
        )
        for name, (build, run) in needs.items()
    }


def test_two_that_build_each_other_go_in_a_circle():
    """It begins with the first in the alphabet."""
    found = build_cycles(projects(b=(["a>=1"], []), a=(["b"], [])))
    assert found == [("a", "b", "a")]


def test_one_that_needs_itself_is_a_circle():
    """The smallest one."""
    assert build_cycles(projects(a=(["setuptools", "a"], []))) == [("a", "a")]


def test_a_circle_at_run_time_is_harmless():
    """Each can be built without the other."""
    assert build_cycles(projects(a=([], ["b"]), b=([], ["a"]))) == []


def test_a_tool_that_runs_with_what_it_builds_is_a_circle():
    """What a build requirement needs to run has to be built before."""
    found = build_cycles(projects(a=(["tool"], []), tool=([], ["b"]), b=([], ["a"])))
    assert ("a", "a") in found


def test_a_chain_is_no_circle():
    """Built from its end."""
    assert build_cycles(projects(a=(["b"], []), b=(["c"], []), c=([], []))) == []


def test_the_order_of_needs_is_told():
    """Each needs the next."""
    assert build_cycles(projects(a=(["b"], []), b=(["c"], []), c=(["a"], []))) == [("a", "b", "c", "a")]


def test_all_circles_come_out():
    """Those that share nothing, too."""
    found = build_cycles(projects(a=(["b"], []), b=(["a"], []), c=(["d"], []), d=(["c"], [])))
    assert sorted(found) == [("a", "b", "a"), ("c", "d", "c")]


def test_a_requirement_with_a_marker_may_not_apply():
    """A circle that may not be there is not refused."""
    assert build_cycles(projects(a=(["b; python_version < '3'"], []), b=(["a"], []))) == []


def test_a_long_chain_is_walked():
    """Deeper than the interpreter's stack."""
    chain: dict[str, tuple[list[str], list[str]]] = {
        f"p{number}": ([f"p{number + 1}"], []) for number in range(3000)
    }
    assert build_cycles(projects(**chain, p3000=([], []))) == []
