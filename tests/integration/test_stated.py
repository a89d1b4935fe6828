"""What projects' files state that they require, held to what setuptools of today makes of them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from pylayer import wheels
from pylayer.monorepo import stated

pytestmark = pytest.mark.command

PROJECT = '[project]\nname = "thing"\nversion = "1"\n'
WAYS = {
    "project": {
        "pyproject.toml": f'{PROJECT}dependencies = ["a >= 1,<2", "b[x,y]; python_version>=\'3.8\'"]\n'
        "[project.optional-dependencies]\n\"Some_Extra\" = [\"c; os_name == 'posix' or os_name == 'nt'\"]\n"
    },
    "files": {
        "pyproject.toml": f'{PROJECT}dynamic = ["dependencies", "optional-dependencies"]\n'
        '[tool.setuptools.dynamic]\ndependencies = { file = ["base.txt"] }\n'
        'optional-dependencies.more = { file = "more.txt" }\n',
        "base.txt": "# all of it\na>=1,<2\n\nb[x,y] ; python_version >= '3.8'\n",
        "more.txt": "c\n",
    },
    "setup.cfg": {
        "setup.cfg": "[metadata]\nname = thing\nversion = 1\n[options]\n"
        "install_requires =\n  a>=1, <2\n  # not this\n  b[x,y]; python_version >= '3.8'\n"
        "[options.extras_require]\nmore = c; d>1\n"
    },
    "setup.py": {
        "setup.py": "from setuptools import setup\nNEEDS = ['a>=1,<2', \"b; python_version>='3.8'\"]\n"
        "setup(name='thing', version='1', install_requires=NEEDS, extras_require={'more': ['c']})\n"
    },
}


@pytest.fixture(scope="module")
def setuptools(tmp_path_factory):
    """A Python that has it."""
    folder = tmp_path_factory.mktemp("setuptools") / "venv"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, "setuptools"], check=True)
    return python


@pytest.mark.parametrize("way", WAYS)
def test_what_is_stated_is_what_wheels_say(way, setuptools, tmp_path):
    """So that an index is asked once for it: the resolver's question is the same."""
    root = tmp_path / "thing"
    root.mkdir()
    for name, text in WAYS[way].items():
        (root / name).write_text(text)
    found = stated.likely("thing", root)
    build = "import setuptools.build_meta as backend; backend.build_wheel('../out')"
    subprocess.run([setuptools, "-c", build], cwd=root, check=True, capture_output=True)
    (path,) = (tmp_path / "out").iterdir()
    built = wheels.read(path).metadata

    assert found
    assert sorted(map(str, map(Requirement, built.requires))) == sorted(
        map(str, map(Requirement, found.requires))
    )
    assert built.extras == found.extras
