"""What tells uv of a Python."""

from __future__ import annotations

import sys

import pytest
from packaging.tags import Tag

from pylayer.errors import ResolveError
from pylayer.resolver.requirements import ResolverPython
from pylayer.targets import Architecture, Target, load_runtimes


def python(*platforms, version="3.13"):
    """A Python with wheels of these platforms."""
    tags = tuple(Tag("cp313", "cp313", platform) for platform in platforms)
    return ResolverPython(version=version, tags=tags, label="here")


@pytest.mark.parametrize(
    ("runtime", "architecture", "expected"),
    [
        ("python3.11", "x86_64", ("3.11", "x86_64-manylinux_2_28")),
        ("python3.13", "arm64", ("3.13", "aarch64-manylinux_2_34")),
    ],
)
def test_names_the_platform_at_or_above_the_glibc_of_a_target(runtime, architecture, expected):
    """Between uv's platforms, the tags have to rule out what is too new."""
    target = Target(runtime=load_runtimes()[runtime], architecture=Architecture(architecture))
    words = ResolverPython.of_target(target).words
    assert (
        "--python",
        sys.executable,
        "--python-version",
        expected[0],
        "--python-platform",
        expected[1],
    ) == words


@pytest.mark.parametrize(("minor", "expected"), [(17, "2_17"), (29, "2_31"), (36, "2_36"), (50, "2_40")])
def test_takes_the_last_platform_that_uv_knows(minor, expected):
    """A container of a newer system still gets an answer."""
    assert f"x86_64-manylinux_{expected}" == python(f"manylinux_2_{minor}_x86_64").words[-1]


def test_names_an_interpreter_of_this_machine():
    """Then uv asks that one for its platform and its markers, whatever its patch version."""
    here = ResolverPython(version="3.11", tags=(), label="here", executable="/usr/bin/python3.11")
    assert ("--python", "/usr/bin/python3.11", "--python-version", "3.11") == here.words


def test_refuses_a_platform_that_no_wheel_fits():
    """Musl's wheels do not run on Lambda."""
    with pytest.raises(ResolveError, match="glibc"):
        _ = python("musllinux_1_2_x86_64").words


def test_knows_the_markers_of_a_linux():
    """As far as the tags tell."""
    markers = python("manylinux_2_28_aarch64", version="3.13.5").markers
    assert ("3.13", "3.13.5", "aarch64", "linux") == (
        markers["python_version"],
        markers["python_full_version"],
        markers["platform_machine"],
        markers["sys_platform"],
    )
