"""Problems, and the user's word on which to accept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from pylayer.errors import Fault
from pylayer.problems import Kind, Problem, acceptance, leave_out
from pylayer.tables import InvalidError

MISSING = Problem(
    kind="library", severity="error", where="python/cv2.so", what="needs libGL.so.1", hint="add it"
)


@pytest.mark.parametrize("pattern", ["library", "library:*libGL.so.1", "library:python/*"])
def test_an_accepted_problem_is_left_out(pattern):
    """By its kind alone, by what it says, or by its place."""
    assert leave_out([MISSING], [pattern]) == ()


@pytest.mark.parametrize("pattern", ["machine", "library:libGL.so.1", "library:*libX11*"])
def test_other_problems_stay(pattern):
    """A pattern fits the whole of a text."""
    assert leave_out([MISSING], [pattern]) == (MISSING,)


def test_a_kind_that_is_none_is_refused():
    """A pattern that never fits would hide a mistake."""
    with pytest.raises(InvalidError) as caught:
        acceptance("libary:*libGL*")
    (fault,) = caught.value.faults
    assert ('"libary" is not a kind of problem', 'did you mean "library"?') == (fault.what, fault.hint)


def test_a_problem_becomes_a_fault_of_its_build():
    """That is what errors are made of; the kind is there to be accepted by."""
    expected = Fault(
        what="needs libGL.so.1 [library]", where="data-python3.13-x86_64: python/cv2.so", hint="add it"
    )
    assert expected == MISSING.fault("data-python3.13-x86_64")


def test_every_kind_is_explained_to_users():
    """What a message ends with, `[kind]`, is what a user looks up."""
    text = (Path(__file__).parents[1] / "docs" / "checks.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert set(get_args(Kind)) == {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}
