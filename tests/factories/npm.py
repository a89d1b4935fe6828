"""Packages of npm's → a folder where they are installed, which is kept between runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def installed(dependencies: Mapping[str, str]) -> Path:
    """The folder `node_modules` with them; without npm, a skipped test."""
    npm = shutil.which("npm") or pytest.skip("npm is not installed")
    wanted = json.dumps({"private": True, "dependencies": dependencies}, sort_keys=True)
    folder = user_cache_path("pylayer-tests") / f"npm-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            (folder / "package.json").write_text(wanted)
            words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
            assert 0 == done.returncode, done.stdout + done.stderr
            (folder / "complete").touch()
    return folder / "node_modules"
