"""What the runtimes give: three tables, and they agree."""

from __future__ import annotations

import sys

import pytest
from factories import there

from pylayer.checks.provided import provided, read
from pylayer.resolver.requirements import ResolverPython
from pylayer.targets import Architecture, Target, load_runtimes

RUNTIMES = load_runtimes().values()
# What sys.stdlib_module_names has beside what a Lambda runtime can import.
WINDOWS = {"msilib", "msvcrt", "nt", "winreg", "winsound"}


def target(runtime):
    return Target(runtime=runtime, architecture=Architecture.ARM64)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=str)
def test_every_runtime_has_an_operating_system_that_is_described(runtime):
    """Else it would be taken for the newest without a word."""
    assert runtime.os in read("provided.toml")["os"]


def test_an_operating_system_has_one_glibc():
    """It is written down for each runtime."""
    assert len({runtime.os for runtime in RUNTIMES}) == len(
        {(runtime.os, runtime.glibc) for runtime in RUNTIMES}
    )


@pytest.mark.parametrize("runtime", RUNTIMES, ids=str)
def test_every_runtime_has_its_libraries_and_modules(runtime):
    """Those of its own Python among them."""
    found = provided(target(runtime))
    assert {"libc.so.6", f"libpython{runtime.python}.so.1.0"} <= found.libraries
    assert {"os", "asyncio"} <= found.stdlib
    assert not found.doubtful & found.libraries
    assert runtime.glibc == found.versions["GLIBC"]


@pytest.mark.parametrize("runtime", RUNTIMES, ids=str)
def test_uv_can_resolve_for_every_runtime(runtime):
    """It has a platform of that glibc, or of a newer one."""
    (platform,) = (word for word in ResolverPython.of_target(target(runtime)).words if "manylinux" in word)
    assert int(platform.rpartition("_")[2]) >= runtime.glibc[1]


@pytest.mark.parametrize("runtime", RUNTIMES, ids=str)
def test_dates_are_in_their_order(runtime):
    """A preview has no end yet."""
    dates = [runtime.deprecated, runtime.block_create, runtime.block_update]
    if runtime.preview:
        assert [None] * 3 == dates
    else:
        assert sorted(dates) == dates


def test_modules_come_and_go_within_what_is_known():
    """A date for a Python that no runtime has would be a slip of the pen."""
    data = read("stdlib.toml")
    oldest, newest = (edge(runtime.minor for runtime in RUNTIMES) for edge in (min, max))
    assert all(oldest <= last < newest for last in data["last"].values())
    assert all(oldest < first <= newest for first in data["first"].values())
    assert not set(data["always"]) & (data["last"].keys() | data["first"].keys())


@pytest.mark.skipif(
    f"python3.{sys.version_info.minor}" not in load_runtimes(), reason="Lambda has no such Python"
)
def test_the_standard_library_is_what_this_python_says():
    """Whoever runs the tests on a new Python learns what its runtime's table lacks."""
    names = {name for name in sys.stdlib_module_names if not name.startswith("_")} - WINDOWS
    runtime = load_runtimes()[f"python3.{sys.version_info.minor}"]
    assert names == provided(target(runtime)).stdlib


def test_a_preview_is_known_as_one():
    """AWS offers it to be tried."""
    found = load_runtimes()["python3.15"]
    assert (2026, 7, 24) == there(found.preview).timetuple()[:3]
    assert found.image.arm64.endswith(":3.15-preview")
    assert {"profiling", "sre_parse"} & provided(target(found)).stdlib == {"profiling"}
    assert not load_runtimes()["python3.14"].preview
