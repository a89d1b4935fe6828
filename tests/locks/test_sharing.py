"""Tests of pylayer.locks.sharing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.tags import Tag

from pylayer.engines import Interpreter
from pylayer.locks import sharing
from pylayer.locks.sharing import EnvironmentName
from pylayer.targets import Architecture, Target, load_runtimes
from pylayer.wheels import Metadata, Wheel

TARGET = Target(runtime=load_runtimes()["python3.11"], architecture=Architecture.X86_64)
ARM = replace(TARGET, architecture=Architecture.ARM64)


def python(platform, tags):
    return Interpreter(
        version="3.11.9", executable="/usr/bin/python3.11", platform=platform, identity="", tags=tags
    )


def wheel(*requires, tags=("py3-none-any",), requires_python=None):
    metadata = Metadata(name="a", version="1", requires=requires, tags=tags, requires_python=requires_python)
    return Wheel(path=Path("a"), filename="a-1-py3-none-any.whl", sha256="", metadata=metadata)


@pytest.mark.parametrize("target", [TARGET, ARM])
def test_a_host_of_lambda_s_kind_resolves_as_a_container_does(target):
    """For its own architecture, whatever the target's; its patch version does not count."""
    found = sharing.builder_python(target, python("linux-x86_64", TARGET.tags))

    assert ("linux-x86_64", "3.11", "") == (found.platform, found.python.version, found.python.executable)


def test_an_emulated_container_is_of_its_own_architecture():
    """Its tags are its target's."""
    assert "linux-aarch64" == sharing.builder_python(ARM, python("linux-aarch64", ARM.tags)).platform


@pytest.mark.parametrize(
    ("platform", "tag", "named"),
    [
        ("macosx-14.0-arm64", "macosx_14_0_arm64", "macosx-14.0-arm64"),
        ("linux-x86_64", "musllinux_1_2_x86_64", "musllinux_1_2_x86_64"),
        ("linux-x86_64", "manylinux_2_17_x86_64", "manylinux_2_17_x86_64"),
    ],
)
def test_another_host_has_a_platform_of_its_own(platform, tag, named):
    """What is right for Lambda cannot be installed there: it resolves for itself, for the minor version."""
    found = sharing.builder_python(TARGET, python(platform, (Tag("cp311", "cp311", tag),)))

    assert (named, "3.11", "/usr/bin/python3.11") == (
        found.platform,
        found.python.version,
        found.python.executable,
    )


@pytest.mark.parametrize(
    "name",
    [
        EnvironmentName(python="python3.11", wanted="setuptools>=61, wheel"),
        EnvironmentName(
            python="python3.13", wanted="a @ git+https://x.example/a: b", platform="macosx-14.0-arm64"
        ),
    ],
)
def test_a_name_is_read_as_it_is_written(name):
    """With and without a platform."""
    assert name == EnvironmentName.read(str(name))


@pytest.mark.parametrize(
    ("requires", "serves"),
    [
        (("b",), True),
        (("b ; python_version < '3.13'",), True),
        (("b ; sys_platform == 'win32'",), True),
        (("b ; sys_platform == 'darwin'",), False),
        (("b ; platform_machine == 'x86_64'",), False),
        (("b ; python_version < '3.12' and sys_platform == 'linux'",), False),
        (("b ; python_version < '3.10' and sys_platform == 'linux'",), True),
        (("b ; sys_platform == 'linux' and extra == 'more'",), True),
        (("b ; sys_platform == 'linux' and extra == 'more'", "a[more]"), False),
    ],
)
def test_markers_can_ask_for_a_machine(requires, serves):
    """Builds run on Linux and macOS; what no machine of these needs, or all need, is the same for all."""
    assert serves is sharing.serves_every_machine(("a",), [wheel(*requires)], minor=11)


@pytest.mark.parametrize(
    ("found", "serves"),
    [
        (wheel(), True),
        (wheel("b ; python_version < '3.12'"), False),
        (wheel(requires_python="<3.13"), False),
        (wheel(tags=("cp311-none-any",)), False),
    ],
)
def test_wheels_can_be_for_one_python(found, serves):
    """By what they require, by Requires-Python, or by their tags."""
    assert serves is sharing.serves_python(("a",), [found], minor=13, of=11)


@pytest.mark.parametrize(
    ("filename", "alike"),
    [("a-1-py3-none-any.whl", True), ("a-1.tar.gz", True), ("a-1-py3-none-manylinux_2_17_x86_64.whl", False)],
)
def test_files_can_be_for_one_platform(filename, alike):
    """Sources are built where they are needed."""
    assert alike is sharing.are_for_any_platform([filename])
