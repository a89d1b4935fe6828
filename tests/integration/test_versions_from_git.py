"""What comes from git, and takes its version from there, has the version of its commit."""

from __future__ import annotations

import pytest
from factories.monorepo import empty
from factories.repositories import Repository

pytestmark = pytest.mark.command

SCM = """
[build-system]
requires = ["setuptools>=77", "setuptools-scm>=8"]
build-backend = "setuptools.build_meta"
[project]
name = "fromgit"
dynamic = ["version"]
[tool.setuptools_scm]
"""
HATCH = """
[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"
[project]
name = "fromgit"
dynamic = ["version"]
[tool.hatch.version]
source = "vcs"
"""


@pytest.mark.parametrize("pyproject", [SCM, HATCH], ids=["setuptools-scm", "hatch-vcs"])
@pytest.mark.parametrize(("further", "version"), [(False, "1.5"), (True, "1.6.dev1+g")])
def test_the_version_is_that_of_the_commit(tmp_path, pyproject, further, version):
    """A tag's own, or that of what comes after it; package data is there as well."""
    repository = Repository(tmp_path / "repository")
    package = {"src/fromgit/__init__.py": "", "src/fromgit/data.txt": "1"}
    repository.commit({"pyproject.toml": pyproject, **package})
    repository.git("tag", "v1.5")
    if further:
        repository.commit({"more.txt": "1"})
    mono = empty(tmp_path)
    mono.manifest(
        f'engine = "local"\n[layers.own]\nrequirements = ["fromgit @ git+{repository.url}"]\n'
        'runtimes = ["python3.11"]\narchitectures = ["x86_64"]\nbytecode = false\n'
    )
    ran = mono.run("layers")

    assert 0 == ran.status, ran.text
    [found] = mono.catalogue()["own-python3.11-x86_64"]["distributions"]
    assert found["version"].startswith(version)
    assert "python/fromgit/data.txt" in mono.members("own-python3.11-x86_64")
