"""The command `pylayer doctor`, and what pylayer.commands.examining finds."""

from __future__ import annotations

import sys

import pytest
from factories.monorepo import empty

pytestmark = pytest.mark.command

OWN = f"python3.{sys.version_info.minor}"
NOWHERE = {"DOCKER_HOST": "unix:///nowhere"}


@pytest.fixture
def mono(tmp_path):
    """A workspace of a pure package and of one that compiles something, on a machine without Docker."""
    mono = empty(tmp_path)
    mono.env = NOWHERE
    mono.manifest(
        f'packages = ["packages/*"]\n[defaults]\nruntimes = ["{OWN}"]\narchitectures = ["arm64", "x86_64"]\n'
    )
    mono.project("pure")
    mono.project("fast")
    mono.file("packages/fast/fast.c", "int fast;\n")
    mono.file(
        "packages/fast/setup.py",
        'from setuptools import Extension, setup\nsetup(ext_modules=[Extension("fast", ["fast.c"])])\n',
    )
    return mono


def test_a_machine_without_docker(mono):
    """It says why Docker is not, what takes its place, and how native code is to be built."""
    ran = mono.run("doctor")

    assert ran.status == 0, ran.text
    assert "docker   unix:///nowhere (DOCKER_HOST): no Docker Engine can be reached" in ran.out
    assert "local    this host, " in ran.out
    assert "; builds run as this user, " in ran.out
    assert f"{OWN}-arm64   local   Python {OWN.removeprefix('python')}." in ran.out
    assert "lock     none yet" in ran.out
    assert (
        "fast: native code, cross-compiled where that can be trusted, otherwise built in the target's"
        in ran.out
    )
    assert "pure: " not in ran.out


def test_what_cannot_be_built_is_an_error_for_each_target(mono):
    """Each says what to do, and the status is that of a build that is left."""
    mono.manifest((mono.root / "layers.toml").read_text().replace(OWN, "python3.87"))
    ran = mono.run("doctor")

    assert ran.status == 8, ran.text
    assert "python3.87-arm64   cannot be built" in ran.out
    assert "python3.87-x86_64  cannot be built" in ran.out
    assert "uv python install 3.87" in ran.err


def test_docker_where_it_must_be(mono):
    """With the docker engine, nothing takes its place; why is told once for all targets."""
    ran = mono.run("doctor", "--engine", "docker")

    assert ran.status == 7, ran.text
    assert f"{OWN}-x86_64  cannot be built" in ran.out
    assert "local    not tried: the engine must be docker" in ran.out
    assert f"error: {OWN}-arm64, {OWN}-x86_64: unix:///nowhere (DOCKER_HOST): no Docker" in ran.err
    assert ran.err.count("error: ") == 1


def test_it_builds_nothing(mono):
    """Nothing is written beside the manifest."""
    before = sorted(mono.root.rglob("*"))
    mono.run("doctor")

    assert sorted(mono.root.rglob("*")) == before
