"""Which modules a backend's builds import, held to backends as they are on the index today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pylayer.building import backends
from pylayer.monorepo.workspace import Project

pytestmark = pytest.mark.command

BACKENDS = {
    "setuptools": "setuptools.build_meta",
    "hatchling": "hatchling.build",
    "poetry-core": "poetry.core.masonry.api",
    "pdm-backend": "pdm.backend",
    "flit-core": "flit_core.buildapi",
}
PYPROJECT = """
[project]
name = "thing"
version = "1"
description = "A thing"
dependencies = ["requests>=2"]
[build-system]
requires = []
build-backend = "{}"
"""
# Imports what is given first, builds a wheel, and tells how many modules that build imported for itself.
BUILD = """
import contextlib, importlib, os, sys
given = sys.argv[1:]
for name in given:
    with contextlib.suppress(Exception):
        importlib.import_module(name)
before = set(sys.modules)
told, sys.stdout = sys.stdout, sys.stderr
backend = importlib.import_module(given[0])
if hasattr(backend, "get_requires_for_build_wheel"):
    backend.get_requires_for_build_wheel(None)
backend.build_wheel(os.path.abspath("out"), None)
print(len(set(sys.modules) - before), file=told)
"""


@pytest.mark.parametrize("distribution", BACKENDS)
def test_a_build_finds_most_of_what_it_imports(distribution, tmp_path):
    """Of the modules that it imports after its backend, a fifth at most is left to the build itself."""
    installed = tmp_path / "installed"
    words = ["-m", "uv", "pip", "install", "--quiet", "--target", installed, distribution]
    subprocess.run([sys.executable, *words], check=True)
    backend = BACKENDS[distribution]
    project = Project(name="thing", path=Path(), requires=(), backend=backend)

    def imported(number, *given):
        root = tmp_path / str(number)
        (root / "src" / "thing").mkdir(parents=True)
        (root / "out").mkdir()
        (root / "src" / "thing" / "__init__.py").write_text('"""A thing."""\n')
        (root / "pyproject.toml").write_text(PYPROJECT.format(backend))
        env = {"PYTHONPATH": str(installed), "HOME": str(tmp_path)}
        words = [sys.executable, "-S", "-c", BUILD, *given]  # without what this host's plugins register
        ran = subprocess.run(words, cwd=root, env=env, capture_output=True, text=True, check=True)
        return int(ran.stdout)

    alone, with_others = imported(1, backend), imported(2, *backends.imports(project))
    assert with_others <= alone // 5
