"""Git repositories on this machine, with one distribution in each."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from factories.workshop import BACKEND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Repository:
    """A git repository of one distribution."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        """Run git in it, as nobody; give what it printed."""
        identity = {
            f"GIT_{who}_{what}": "nobody@mail.example"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        env = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str]) -> str:
        """Write files by their paths; give the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=one")
        return self.git("rev-parse", "HEAD")

    def distribution(self, version: str, *, below: str = "", requires: str = "[]") -> str:
        """Commit the distribution `fromgit` in the folder `below`, which ends in a slash."""
        pyproject = (
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            f'[project]\nname = "fromgit"\nversion = "{version}"\ndependencies = {requires}\n'
        )
        files = {"pyproject.toml": pyproject, "backend.py": BACKEND, "fromgit.py": f'VERSION = "{version}"\n'}
        return self.commit({f"{below}{name}": text for name, text in files.items()})

    @property
    def url(self) -> str:
        """Its address."""
        return self.folder.as_uri()
