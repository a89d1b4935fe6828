"""Packages that hatch and poetry-core know by their paths are packages of the monorepo, on either engine."""

from __future__ import annotations

import zipfile

import pytest
from factories.monorepo import empty

pytestmark = pytest.mark.command

HATCH = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "libhatch"
version = "1.0"
dependencies = [
  "liba @ {root:parent:uri}/liba",
  "liba[fast] @ file:///home/somebody/liba ; python_version >= '3.9'",
]
[tool.hatch.metadata]
allow-direct-references = true
"""
POETRY = """
[build-system]
requires = ["poetry-core>=2"]
build-backend = "poetry.core.masonry.api"
[tool.poetry]
name = "libpoetry"
version = "1.0"
description = ""
authors = ["Nobody <nobody@mail.example>"]
[tool.poetry.dependencies]
python = ">=3.9"
liba = { path = "../liba", extras = ["fast"] }
libhatch = { path = "../libhatch", develop = true }
"""


@pytest.fixture
def mono(tmp_path):
    """Two packages that point to a third, each in its backend's own way."""
    mono = empty(tmp_path)
    mono.manifest(
        'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\n'
    )
    mono.project("liba")
    for name, text in (("libhatch", HATCH), ("libpoetry", POETRY)):
        mono.file(f"packages/{name}/pyproject.toml", text)
        mono.file(f"packages/{name}/{name}/__init__.py", "")
    return mono


@pytest.fixture(params=["local", pytest.param("docker", marks=pytest.mark.docker)])
def engine(request):
    """Both of them."""
    if request.param == "docker":
        request.getfixturevalue("docker_images")
    return request.param


def test_no_path_reaches_a_layer(mono, engine):
    """They are built where the neighbours' folders are not, and what they require is names."""
    ran = mono.run("layers", "--engine", engine)

    assert 0 == ran.status, ran.text
    names = {
        distribution["name"]
        for distribution in mono.catalogue()["libpoetry-python3.11-x86_64"]["distributions"]
    }
    assert {"liba", "libhatch", "libpoetry"} == names
    required = {}
    for archive in mono.output.glob("*.zip"):
        with zipfile.ZipFile(archive) as zipped:
            for member in zipped.namelist():
                content = zipped.read(member)
                assert b"file:" not in content, member
                if member.endswith("METADATA"):
                    lines = content.decode().splitlines()
                    required[member.split("/")[1]] = [
                        line.removeprefix("Requires-Dist: ")
                        for line in lines
                        if line.startswith("Requires-Dist")
                    ]
    assert ["liba", 'liba[fast]; python_version >= "3.9"'] == required["libhatch-1.0.dist-info"]
    assert ["liba[fast]", "libhatch"] == required["libpoetry-1.0.dist-info"]
