"""One language chooses builds in every command."""

from __future__ import annotations

import pytest

from pylayer import selection
from pylayer.errors import UsageError

BUILDS = {
    "my-lib-python3.12-x86_64": "my-lib",
    "my-lib-python3.13-arm64": "my-lib",
    "data-python3.13-arm64": "data",
    "data-core-python3.13-arm64": "data-core",
}
MINE = {"my-lib-python3.12-x86_64", "my-lib-python3.13-arm64"}
DATA = "data-python3.13-arm64"
CORE = "data-core-python3.13-arm64"


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("my-lib", MINE),
        ("My_Lib", MINE),
        ("my.*", MINE),
        ("MY_LIB-python3.12-x86_64", {"my-lib-python3.12-x86_64"}),
        ("*-x86_64", {"my-lib-python3.12-x86_64"}),
        ("*-python3.13-*", {*BUILDS} - {"my-lib-python3.12-x86_64"}),
        ("data", {DATA}),
        ("data-*", {DATA, CORE}),
        ("[d]ata", {DATA}),
        ("d?ta-core", {CORE}),
        ("nothing", set()),
    ],
)
def test_a_pattern_is_a_layer_s_name_or_a_build_s_identifier(pattern, meant):
    """As globs, and compared as PEP 503 compares names."""
    assert meant == selection.matching(pattern, BUILDS)


def test_a_name_as_it_is_written_goes_first():
    """Where two layers' names differ only in what PEP 503 does not see."""
    builds = {"a_b-x": "a_b", "a-b-x": "a-b"}

    assert (frozenset({"a_b-x"}), frozenset({"a_b-x", "a-b-x"})) == (
        selection.matching("a_b", builds),
        selection.matching("A.B", builds),
    )


def test_nothing_said_is_everything():
    """And several patterns are all that any of them means."""
    assert (frozenset(BUILDS), frozenset({DATA, CORE})) == (
        selection.chosen((), BUILDS),
        selection.chosen(["data", "data-core"], BUILDS),
    )


def test_every_pattern_that_means_nothing_is_told():
    """In a line each, with what was meant; an empty name is not everything."""
    with pytest.raises(UsageError) as caught:
        selection.chosen(["my-lbi", "", "data"], BUILDS)

    assert [
        'no layer or build matches "my-lbi"; did you mean "my-lib"?',
        "an empty name selects nothing; leave it out to select every build",
    ] == str(caught.value).splitlines()
