"""What README.md says of installing: a wheel built from a clone gives the command, and extras by its name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from factories.monorepo import ROOT

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


PROGRAM = """\
import pylayer

class Progress(pylayer.Reporter):
    def outcome(self, outcome: pylayer.Outcome) -> None:
        print(outcome.size + 1, outcome.build.upper())

report = pylayer.build("layers.toml", reporter=Progress())
reveal_type(report.outcomes[0].archive)
reveal_type(pylayer.publish)
pylayer.nonesuch
pylayer.build(1)
"""


def test_a_type_checker_finds_the_types(tmp_path, wheel):
    """In what is installed; what is wrong in somebody's program is an error, and the examples are right."""
    uv = [sys.executable, "-m", "uv"]
    python = tmp_path / "venv" / "bin" / "python"
    words = ["venv", "--quiet", "--python", sys.executable, tmp_path / "venv"]
    subprocess.run([*uv, *words], check=True, cwd=tmp_path)
    install = ["pip", "install", "--quiet", "--no-deps", "--python", python, wheel]
    subprocess.run([*uv, *install], check=True, cwd=tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM)
    examples = sorted((ROOT / "examples" / "scripts").glob("*.py"))
    check = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", python]
    done = subprocess.run(
        [*check, "program.py", *examples], check=False, capture_output=True, text=True, cwd=tmp_path
    )

    told = [line.partition(": ")[::2] for line in done.stdout.splitlines()[:-1]]
    assert ["program.py:8", "program.py:9", "program.py:10", "program.py:11"] == [where for where, _ in told]
    types, function, missing, wrong = (what for _, what in told)
    assert 'Revealed type is "pathlib.Path | None"' in types
    assert "-> pylayer.operations.results.PublishReport" in function
    assert 'has no attribute "nonesuch"' in missing
    assert 'incompatible type "int"' in wrong
