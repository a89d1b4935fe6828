"""Cross-built wheels: which of them are not kept, and why."""

from __future__ import annotations

import pytest
from factories.elf import library
from factories.wheels import make_wheel

from pylayer.checks import crossed
from pylayer.targets import Architecture, Target, load_runtimes

ARM = Target(runtime=load_runtimes()["python3.11"], architecture=Architecture.ARM64)
RIGHT = "example.cpython-311-aarch64-linux-gnu.so"


def reasons(folder, content=b"", *, name=RIGHT, tag="cp311-cp311-manylinux_2_26_aarch64", **answer):
    """What is said of a wheel with one native file."""
    content = content or library("libc.so.6@GLIBC_2.17", machine="aarch64")
    wheel = make_wheel(folder, {name: content}, tag=tag, pure=False)
    return crossed.reasons(wheel, target=ARM, answer=answer)


def test_what_the_target_takes_is_kept(tmp_path):
    """Its machine, its glibc, its suffix, its tag."""
    assert reasons(tmp_path) == []


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        ("libc.so.6@GLIBC_2.27", "needs GLIBC_2.27 of libc.so.6; python3.11 has 2.26"),
        ("libz.so.1", "links to libz.so.1, which the target does not have"),
    ],
)
def test_what_the_system_lacks_is_told(tmp_path, need, reason):
    """A newer glibc than the runtime's, or another library than glibc's."""
    assert reasons(tmp_path, library(need, machine="aarch64")) == [f"{RIGHT} {reason}"]


def test_another_machine_is_told(tmp_path):
    """Code of the machine that builds is not the target's."""
    assert reasons(tmp_path, library("libc.so.6")) == [f"{RIGHT} is built for x86_64, not for aarch64"]


def test_another_suffix_is_told(tmp_path):
    """The target's Python would not look for it."""
    found = reasons(tmp_path, name="example.cpython-311-x86_64-linux-gnu.so")

    assert found == [
        (
            "example.cpython-311-x86_64-linux-gnu.so does not have the name that "
            "python3.11-arm64's Python looks for: *.cpython-311-aarch64-linux-gnu.so"
        )
    ]


def test_the_limited_api_has_a_suffix_of_its_own(tmp_path):
    """One extension for all minor versions is named for none."""
    assert reasons(tmp_path, name="example.abi3.so", tag="cp39-abi3-manylinux_2_26_aarch64") == []


def test_another_tag_is_told(tmp_path):
    """No installer of the target would take it."""
    found = reasons(tmp_path, tag="cp313-cp313-manylinux_2_26_aarch64")

    assert found == ["is tagged cp313-cp313-manylinux_2_26_aarch64, which python3.11-arm64 does not accept"]


def test_a_folder_of_the_machine_is_told(tmp_path):
    """Paths of the machine that built do not belong into a library."""
    content = library("libc.so.6@GLIBC_2.17", machine="aarch64") + b"/home/me/work/x.c"

    found = reasons(tmp_path, content, folders=["/home/me/work"])

    assert found == [f"{RIGHT} contains the path of a folder on the machine that built it"]


def test_what_a_build_did_is_told(tmp_path):
    """Though nothing in its wheel shows it."""
    found = reasons(tmp_path, probes=["compiles for the machine that builds (-march=native)"])

    assert found == ["its build compiles for the machine that builds (-march=native)"]
