"""What README.md says of installing: a wheel built from a clone gives the command, and extras by its name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pylayer import __version__

pytestmark = pytest.mark.command


def test_a_built_wheel_gives_the_command(tmp_path, wheel):
    """In an environment of its own, with nothing of this one."""
    uv = [sys.executable, "-m", "uv"]
    python = tmp_path / "venv" / "bin" / "python"
    words = ["venv", "--quiet", "--python", sys.executable, tmp_path / "venv"]
    subprocess.run([*uv, *words], check=True, cwd=tmp_path)
    for what in (wheel, "pylayer-lambda[sbom]"):
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, what], check=True, cwd=tmp_path)
    told = subprocess.run(
        [python.with_name("pylayer"), "--version"], check=True, capture_output=True, text=True
    ).stdout
    extra = subprocess.run([python, "-c", "import cyclonedx"], check=False)

    assert told.startswith(f"pylayer {__version__} ")
    assert extra.returncode == 0
