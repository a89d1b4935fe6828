"""Markers with extras."""

from __future__ import annotations

import pytest
from packaging.markers import Marker, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement

from pylayer.errors import ResolveError
from pylayer.markers import holds, readable, required

LINUX = {"sys_platform": "linux", "python_version": "3.13"}


@pytest.mark.parametrize(
    ("marker", "extras", "expected"),
    [
        (None, (), True),
        ("sys_platform == 'linux'", (), True),
        ("sys_platform == 'win32'", ("s3",), False),
        ("extra == 's3'", (), False),
        ("extra == 's3'", ("s3",), True),
        ("extra == 'my_extra'", ("My-Extra",), True),
        ("extra == 's3' and sys_platform == 'win32'", ("s3",), False),
        ("extra != 's3'", ("s3",), True),
    ],
)
def test_a_marker_holds_without_an_extra_or_with_one(marker, extras, expected):
    """Whoever asks for an extra asks for the distribution itself too."""
    assert expected is holds(Marker(marker) if marker else None, LINUX, extras=extras)


def test_what_only_lock_files_know_is_no_answer():
    """The one who reads them decides."""
    with pytest.raises(UndefinedEnvironmentName):
        holds(Marker("'a' in extras"), LINUX)


LONG = "9" * 5000


@pytest.mark.parametrize(
    "marker",
    [f"python_version < '{LONG}'", "python_version ~= 'a'", f"'{LONG}' > python_full_version"],
    ids=["digits", "no-version", "reversed"],
)
def test_what_cannot_be_compared_is_said(marker):
    """Not a traceback of packaging's, or of Python's."""
    with pytest.raises(ResolveError, match="a marker cannot be decided") as caught:
        holds(Marker(marker), LINUX)
    assert len(caught.value.faults[0].where) <= 120


@pytest.mark.parametrize(
    "text",
    ["pytz (>dev)", f"a>={LONG}", f"a; python_version < '{LONG}'", "a; os_name ~= 'posix'", "a @ https://[b"],
)
def test_a_requirement_that_can_never_be_decided_is_none(text):
    """Those who list what others require leave it out; those who follow it say what is wrong."""
    with pytest.raises(InvalidRequirement):
        required(text)
    assert readable([text, "b"]) == [required("b")]
