"""Versions from version control are right, though no container sees the history."""

from __future__ import annotations

import zipfile

import pytest
from factories.monorepo import empty
from factories.repositories import git

pytestmark = [pytest.mark.command, pytest.mark.docker, pytest.mark.usefixtures("docker_images")]

MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
"""
SCM = """
[build-system]
requires = ["setuptools>=64", "setuptools-scm>=8"]
build-backend = "setuptools.build_meta"
[project]
name = "from-scm"
dynamic = ["version"]
[tool.setuptools]
py-modules = ["from_scm"]
[tool.setuptools_scm]
root = "../.."
"""
HATCH = """
[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"
[project]
name = "from-hatch"
dynamic = ["version"]
[tool.hatch.version]
source = "vcs"
raw-options = { root = "../.." }
[tool.hatch.build.targets.wheel]
include = ["from_hatch.py"]
"""


def versions(mono):
    """The versions in the METADATA of each layer."""
    found = {}
    for archive in mono.output.glob("*.zip"):
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                if name.endswith("/METADATA"):
                    lines = opened.read(name).decode().splitlines()
                    found[archive.name.partition("-python")[0]] = next(
                        line.partition(": ")[2] for line in lines if line.startswith("Version: ")
                    )
    return found


def test_a_tag_is_the_version_and_a_commit_after_it_moves_it(tmp_path):
    """setuptools-scm and hatch-vcs, at a tag and one commit after it; in between nothing is built again."""
    mono = empty(tmp_path)
    mono.manifest(MANIFEST)
    for name, text in (("from-scm", SCM), ("from-hatch", HATCH)):
        mono.file(f"packages/{name}/pyproject.toml", text)
        mono.file(f"packages/{name}/{name.replace('-', '_')}.py", "")
    mono.file(".gitignore", "/dist\n/layers.lock\n")
    git(mono.root, "init", "--quiet")
    git(mono.root, "add", ".")
    git(mono.root, "commit", "--quiet", "--message", "one")
    git(mono.root, "tag", "v1.2.3")
    ran = mono.run("layers", "--engine", "docker")

    assert (ran.status, versions(mono)) == (0, {"from-hatch": "1.2.3", "from-scm": "1.2.3"}), ran.text

    again = mono.run("layers", "--engine", "docker")
    assert " built" not in again.out

    git(mono.root, "commit", "--quiet", "--allow-empty", "--message", "two")
    moved = mono.run("layers", "--engine", "docker")
    assert moved.status == 0, moved.text
    assert all(version.startswith("1.2.4.dev1+g") for version in versions(mono).values())
