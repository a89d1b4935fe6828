"""In a Mercurial checkout a wheel has the members that it has at home, and its version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from factories.monorepo import Monorepo

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.command,
    pytest.mark.skipif(not shutil.which("hg"), reason="needs Mercurial (Debian: apt-get install mercurial)"),
]

FILES = {
    "layers.toml": 'packages = ["packages/*"]\nengine = "local"\n[defaults]\nruntimes = ["python3.11"]\n'
    'architectures = ["x86_64"]\nbytecode = false\n',
    ".hgignore": "syntax: glob\n.env\n*.secret\nbuild\n*.egg-info\ndist\nlayers.lock\n",
    "packages/by-hatch/pyproject.toml": '[build-system]\nrequires = ["hatchling"]\n'
    'build-backend = "hatchling.build"\n[project]\nname = "by-hatch"\nversion = "1.0"\n',
    "packages/by-scm/pyproject.toml": '[build-system]\nrequires = ["setuptools>=77", "setuptools-scm>=8"]\n'
    'build-backend = "setuptools.build_meta"\n[project]\nname = "by-scm"\ndynamic = ["version"]\n'
    '[tool.setuptools]\npackages = ["by_scm"]\n[tool.setuptools_scm]\nroot = "../.."\n',
}
PROJECTS = ("by-hatch", "by-scm")


def hg(folder: Path, *words: str) -> None:
    env = {**os.environ, "HGUSER": "nobody", "HGPLAIN": "1", "HGRCPATH": ""}
    subprocess.run(["hg", *words], cwd=folder, env=env, check=True, capture_output=True)


def lay(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def members(archive: Path, prefix: str = "") -> set[str]:
    with zipfile.ZipFile(archive) as opened:
        return {name.removeprefix(prefix) for name in opened.namelist() if name.startswith(f"{prefix}by_")}


def test_members_and_version_are_those_of_the_checkout(tmp_path):
    """Tracked, ignored, and tracked though it is ignored; hatchling takes what is untracked as well."""
    root = tmp_path / "mono"
    tracked = {
        f"packages/{name}/{name.replace('-', '_')}/{file}": ""
        for name in PROJECTS
        for file in ("__init__.py", "a.txt")
    }
    forced = {f"packages/{name}/{name.replace('-', '_')}/b.secret": "" for name in PROJECTS}
    lay(root, {**FILES, **tracked, **forced})
    hg(root, "init")
    hg(root, "add")
    hg(root, "add", *forced)
    hg(root, "commit", "--message", "x")
    hg(root, "tag", "v1.5")
    hg(root, "update", "v1.5")
    for name in PROJECTS:
        lay(root / "packages" / name / name.replace("-", "_"), {".env": "SECRET", "new.txt": "1"})
    monorepo = Monorepo(root=root, store=tmp_path / "store")
    ran = monorepo.run("layers")
    assert 0 == ran.status, ran.text
    for name in PROJECTS:
        out = tmp_path / "out" / name
        command = ["uv", "build", "--wheel", "--quiet", "--python", sys.executable, "--out-dir", str(out)]
        subprocess.run([*command, str(root / "packages" / name)], check=True, capture_output=True)
        [wheel] = out.glob("*.whl")
        found = members(monorepo.output / f"{name}-python3.11-x86_64.zip", "python/")
        assert members(wheel) == found
        assert f"{name.replace('-', '_')}/.env" not in found
