"""What kept builds is told in words, what took longest first."""

from __future__ import annotations

import pytest
from factories.reports import RUN

from pylayer.report import waits
from pylayer.trail import Stretch

(ENDED,) = RUN.builds


def test_the_reasons_of_a_build_are_those_of_all_its_stretches():
    """Those of the same are one; what another layer's build began is told with it."""
    assert [(one.text, one.seconds, one.waited) for one in waits.explained(ENDED)] == [
        ("wheel libetl", 3.0, False),
        ("engine docker", 0.5, True),
        ("wheel libcore, begun for core-python3.13-x86_64", 0.5, True),
    ]


def test_what_several_waited_for_is_told_once():
    """By the build that waited longest; what is done for a build itself is no waiting."""
    assert [(one.text, one.builds, one.longest) for one in waits.shared(RUN)] == [
        ("engine docker", 1, 0.5),
        ("wheel libcore, begun for core-python3.13-x86_64", 1, 0.5),
    ]


def test_a_line_of_reasons_names_the_first_of_them():
    """And sums up the others, where they are worth a word."""
    assert waits.listed(waits.explained(ENDED), most=1) == "wheel libetl 3.00 s; other 1.00 s"


@pytest.mark.parametrize(
    ("step", "name", "told"),
    [
        ("processor", "", "a free processor"),
        ("pull", "image:1 for linux/arm64", "the pull of image:1 for linux/arm64"),
        ("lock", "pylayer", "another pylayer, at work in pylayer"),
        ("zig", "c for aarch64-linux-gnu.2.26", "zig's libraries (c for aarch64-linux-gnu.2.26)"),
        ("engine", "container", "a container to start"),
        ("engine", "python3.13-arm64", "engine python3.13-arm64"),
        ("other", "", "pylayer itself"),
    ],
)
def test_words(step, name, told):
    """A person knows what is meant."""
    assert waits.reason(Stretch(step=step, name=name, by="", started=0, ended=1)) == told
