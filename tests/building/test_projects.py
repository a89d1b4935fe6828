"""Which wheel serves which target."""

from pathlib import Path

import pytest

from pylayer.building.serving import allows, serves
from pylayer.targets import Architecture, Target, load_runtimes
from pylayer.wheels import Metadata, Wheel

OLD, NEW = load_runtimes()["python3.11"], load_runtimes()["python3.13"]


def target(runtime, architecture="x86_64"):
    return Target(runtime=runtime, architecture=Architecture(architecture))


def wheel(*, tags=("py3-none-any",), purelib=True, native=False):
    metadata = Metadata(name="a", version="1", tags=tags, root_is_purelib=purelib, native=native)
    return Wheel(path=Path("a"), filename="a-1-py3-none-any.whl", sha256="0" * 64, metadata=metadata)


@pytest.mark.parametrize(
    ("made", "python_independent", "other", "served"),
    [
        (wheel(), True, target(OLD, "arm64"), True),
        (wheel(), True, target(NEW, "arm64"), True),
        (wheel(), False, target(OLD, "arm64"), True),
        (wheel(), False, target(NEW), False),
        (wheel(native=True), True, target(OLD, "arm64"), False),
        (wheel(purelib=False), True, target(OLD, "arm64"), False),
        (wheel(tags=("cp311-none-any",)), True, target(NEW), False),
        (wheel(tags=("cp311-none-any",)), True, target(OLD, "arm64"), True),
    ],
    ids=[
        "pure: both architectures",
        "pure and static: every runtime",
        "pure, not static: its own minor",
        "pure, not static: no other minor",
        "a library among its data: its own target",
        "a platform's wheel: its own target",
        "tagged for one minor: no other",
        "tagged for one minor: both architectures",
    ],
)
def test_a_wheel_serves_what_it_is_right_for(made, python_independent, other, served):
    """The name `py3-none-any` alone proves nothing."""
    assert serves(made, other, built_for=target(OLD), python_independent=python_independent) is served


@pytest.mark.parametrize(
    ("requires", "python", "allowed"),
    [
        (None, "3.11", True),
        (">=3.9", "3.11", True),
        (">=3.12", "3.11", False),
        ("<3.13", "3.13", False),
        (">=3.13.2", "3.13", True),
        ("==3.11.*", "3.11", True),
        ("not a specifier", "3.11", True),
    ],
)
def test_requires_python_is_judged_for_a_minor_version(requires, python, allowed):
    """Which patch Lambda runs is not known."""
    assert allows(requires, python) is allowed
