"""docs/tutorial.md: its files and commands, in their order, and what it says that they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from factories.monorepo import ROOT

pytestmark = pytest.mark.command

PAGE = ROOT / "docs" / "tutorial.md"
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*(?:\n> ?.*)*)\n?((?:(?!\$ ).*\n?)*)", re.MULTILINE)


def commands(text):
    """Each command of a console block, and the lines that it is said to print."""
    for command, printed in COMMAND.findall(text):
        yield re.sub(r"^> ?", "", command, flags=re.MULTILINE), printed.splitlines()


def bare(line):
    """A line without what differs from run to run: numbers, and how the numbers are aligned and drawn."""
    line = re.sub(r"[0-9a-f]{12}…", "N", line)
    line = re.sub(r"\d+(\.\d+)*( ?(ms|s|KiB|%))?", "N", line.split("  (")[0])
    return " ".join(re.sub(r"[▏▎▍▌▋▊▉█]", "", line).split())


class Shell:
    """Runs commands as somebody's shell does: each in the folder in which the last one ended."""

    def __init__(self, folder):
        self._folder = folder
        self._told = folder / "folder"

    def run(self, command):
        script = f"{command}\nstatus=$?; pwd >{self._told}; exit $status"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self._folder, capture_output=True, text=True, check=False
        )
        self._folder = Path(self._told.read_text(encoding="utf-8").strip())
        return done

    def write(self, name, content):
        (self._folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_text(content, encoding="utf-8")


@pytest.fixture
def shell(tmp_path, monkeypatch, cloud):
    """One that has pylayer on its PATH, and an empty AWS account."""
    # No engine but this host's, so that any machine can follow the page.
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path / "store"))
    for name in ("CI", "UV_RUN_RECURSION_DEPTH"):  # the page's reader is in a shell, not in `uv run`
        monkeypatch.delenv(name, raising=False)
    return Shell(tmp_path)


def test_every_command_does_what_the_page_says(shell):
    """Each line that it shows is printed; a dry run that finds something to do says so by its exit status."""
    tried = []
    for language, name, content in FENCE.findall(PAGE.read_text(encoding="utf-8")):
        if name:
            shell.write(name, content)
        for command, printed in commands(content) if language == "console" else ():
            done = shell.run(command)
            said = f"{command}\n{done.stdout}{done.stderr}"
            assert done.returncode == (20 if "--dry-run" in command else 0), said
            assert {bare(line) for line in printed} <= {bare(line) for line in done.stdout.splitlines()}, said
            tried.append(command.split()[:2])

    assert {"init", "layers", "report", "verify", "why", "publish"} == {
        word for program, word in tried if program == "pylayer"
    }
