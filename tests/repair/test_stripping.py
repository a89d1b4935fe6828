"""Native code without what loading it never needs, by this host's own tool."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile

import pytest
from factories.elf import library
from factories.engines import host_target
from factories.layers import native, target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.checks import elf
from pylayer.engines.local.engine import LocalEngine
from pylayer.recordfile import hash_and_size
from pylayer.repair import stripping
from pylayer.store import Store

TARGET = target()
FAT = library("libz.so.1", soname="libfat.so")

pytestmark = pytest.mark.skipif(not shutil.which("llvm-strip"), reason="has no tool for every machine")


class BuildEnvs:
    """Opens build environments on this host, and counts."""

    def __init__(self, folder):
        self.engine = LocalEngine(store=Store(folder), environ={"PATH": os.environ["PATH"]})
        self.count = 0

    def opened(self):
        self.count += 1
        return self.engine.bare_env(host_target())


@pytest.fixture
def build_envs(tmp_path):
    """BuildEnvs of this host."""
    made = BuildEnvs(tmp_path / "rooms")
    yield made
    made.engine.close()


def stripped(path, *, build_envs, store, tool="strip 1"):
    """Strip the wheel at `path`."""
    return stripping.strip(
        wheels.read(path), tool=tool, target=TARGET, open_env=build_envs.opened, store=store
    )


def test_code_is_smaller_and_loads_as_before(tmp_path, build_envs, store):
    """The linker sees the same; RECORD tells the new bytes."""
    made = stripped(
        native(tmp_path, {"pkg/fat.so": FAT, "pkg/__init__.py": b""}), build_envs=build_envs, store=store
    )
    with zipfile.ZipFile(made.wheel.path) as file:
        after = file.read("pkg/fat.so")
        record = file.read("example-1.0.dist-info/RECORD").decode()
    assert len(FAT) - len(after) == made.saved > 0
    assert elf.read(FAT) == elf.read(after)
    assert ",".join(hash_and_size(after)) in record
    assert ((), "example") == (made.left, made.wheel.metadata.name)


def test_a_wheel_is_stripped_once_for_each_tool(tmp_path, build_envs, store):
    """Another tool gives other bytes."""
    path = native(tmp_path, {"pkg/fat.so": FAT})
    made = [stripped(path, build_envs=build_envs, store=store, tool=tool) for tool in ("1", "1", "2")]
    assert 2 == build_envs.count
    assert made[0] == made[1]


def test_the_result_is_the_same_everywhere(tmp_path, build_envs):
    """Whatever store it is in."""
    path = native(tmp_path, {"pkg/fat.so": FAT})
    made = {stripped(path, build_envs=build_envs, store=Store(tmp_path / name)).wheel.sha256 for name in "ab"}
    assert 1 == len(made)


def test_other_files_are_not_touched(tmp_path, build_envs, store):
    """Code for another machine is data, and so is what only begins like ELF."""
    files = {"a.so": library(machine="aarch64"), "b.so": b"\x7fELF and then nothing", "c.py": b""}
    path = native(tmp_path, files)
    made = stripped(path, build_envs=build_envs, store=store)
    assert (wheels.read(path), 0, 0) == (made.wheel, made.saved, build_envs.count)


def test_a_file_that_has_nothing_to_lose_stays(tmp_path, build_envs, store):
    """Its compressed bytes too."""
    (tmp_path / "thin.so").write_bytes(FAT)
    subprocess.run(["llvm-strip", "--strip-unneeded", tmp_path / "thin.so"], check=True)
    path = native(tmp_path, {"pkg/thin.so": (tmp_path / "thin.so").read_bytes()})
    made = stripped(path, build_envs=build_envs, store=store)
    assert (wheels.read(path).sha256, 0) == (made.wheel.sha256, made.saved)


def test_what_is_not_native_needs_no_room(tmp_path, build_envs, store):
    """Most wheels are not."""
    made = stripped(make_wheel(tmp_path, {"a.py": b""}), build_envs=build_envs, store=store)
    assert (0, 0) == (made.saved, build_envs.count)


def test_the_tool_tells_its_version(build_envs, store):
    """It is part of the key."""
    assert "2." in stripping.tool_of(build_envs.opened(), store=store)
