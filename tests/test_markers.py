"""Markers with extras."""

from __future__ import annotations

import pytest
from packaging.markers import Marker, UndefinedEnvironmentName

from pylayer.markers import holds

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
