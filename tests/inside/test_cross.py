"""Tests of pylayer.inside.cross."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import pytest

from pylayer.inside import cross

MACHINES = ("aarch64", "x86_64")


@pytest.fixture
def names(tmp_path):
    """What the scripts of a job are filled with."""
    (tmp_path / "bin").mkdir()
    wanted = {"triple": "aarch64-linux-gnu.2.26", "machine": "aarch64"}
    return {**cross.names_of(wanted, str(tmp_path / "folder"), str(tmp_path)), "zig": "/tools/zig"}


@pytest.mark.parametrize("machine", MACHINES)
def test_what_cargo_runs_is_linked_for_this_machine(names, machine):
    """Only a foreign target needs that: build scripts are linked by no cross compiler."""
    found = cross.host_compilers(f"{machine}_unknown_linux_gnu", names)

    own = platform.machine()
    assert bool(found) == (machine != own)
    if found:
        assert found[f"CARGO_TARGET_{own.upper()}_UNKNOWN_LINUX_GNU_LINKER"] == found["HOST_CC"]
        assert not found["HOST_CC"].startswith(names["bin"])
        assert found["CC_FOR_BUILD"] == found["HOST_CC"]


def test_a_machine_without_a_compiler_links_by_zig(names, monkeypatch):
    """For itself, without a target."""
    monkeypatch.setenv("PATH", names["bin"])
    (foreign,) = set(MACHINES) - {platform.machine()}
    found = cross.host_compilers(f"{foreign}_unknown_linux_gnu", names)

    assert Path(found["HOST_CC"]).read_text() == '#!/bin/sh\nexec /tools/zig cc "$@"\n'
    assert "CC_FOR_BUILD" not in found


def test_rust_keeps_the_folder_out_of_what_it_compiles(names):
    """The wrapper hands everything on, and one option more."""
    cross.write_tools(names)
    command = [f"{names['bin']}/rustc-wrapper", "echo", "rustc", "--crate-name", "a b"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == f"rustc --crate-name a b --remap-path-prefix={names['folder']}=.\n"


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        ("-flto=thin -shared -o a.so a.o -Wl,-z,now", "-shared -o a.so a.o -Wl,-z,now -s"),
        ("-O3 -flto -c a.c", "-O3 -flto -c a.c"),
        ("-flto -shared a.c", "-flto -shared a.c -s"),
    ],
)
def test_objects_say_themselves_how_they_are_linked(names, words, handed):
    """The word would have zig compile its own libraries in the build, C++'s for more than a minute."""
    (Path(names["bin"]) / "zig").write_text('#!/bin/sh\necho "$@"\n')
    (Path(names["bin"]) / "zig").chmod(0o755)
    cross.write_tools({**names, "zig": f"{names['bin']}/zig"})
    command = [f"{names['bin']}/c++", *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.partition("undefined ")[2] == f"{handed}\n"


def test_cmake_runs_python_and_nothing_that_was_compiled(names, tmp_path):
    """It asks for what runs the target's programs, also where it only wants to know of Python."""
    cross.write_tools(names)
    made = Path(names["folder"]) / "src" / "probe"
    ran = [
        subprocess.run([f"{names['bin']}/emulator", *command], capture_output=True, text=True, check=False)
        for command in (["/bin/echo", "3.11"], [str(made), "x"])
    ]

    assert [(done.returncode, done.stdout) for done in ran] == [(0, "3.11\n"), (126, "")]
    assert Path(names["probes"]).read_text() == "runs probe, which it compiled for the target\n"
