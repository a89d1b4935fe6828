"""A test that runs a whole command and is not marked so is stopped, and told of; the order of files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import LONGEST

COMMANDS = [
    [Path(sys.executable).with_name("nox"), "--version"],
    [sys.executable, "-m", "pylayer", "--version"],
]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_whole_command_needs_the_mark(words):
    """However it is started."""
    with pytest.raises(pytest.fail.Exception, match="is not marked `command`"):
        subprocess.run(words, check=False)


@pytest.mark.command
@pytest.mark.parametrize("words", COMMANDS)
def test_with_the_mark_it_runs(words):
    """As a program, or as a module of a Python."""
    assert subprocess.run(words, check=False, capture_output=True).returncode == 0


def test_what_is_no_command_runs_in_every_test():
    """A Python of its own, for one."""
    assert subprocess.run([sys.executable, "-m", "this"], check=False, capture_output=True).returncode == 0


def test_what_begins_first_is_there():
    """A file that was renamed would begin at any time."""
    there = {path.name for path in Path(__file__).parent.rglob("test_*.py")}
    assert set(LONGEST) <= there
