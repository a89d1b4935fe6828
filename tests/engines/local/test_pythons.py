"""Interpreters of this host, of every minor version that there is."""

import os
from pathlib import Path

import pytest
from packaging import tags

from pylayer.engines.local import pythons
from pylayer.errors import NeedsDockerError
from pylayer.process import run
from pylayer.store import Store

_TAGS = """
import sys
sys.path.insert(0, sys.argv[1])
from packaging.tags import sys_tags
print(*sys_tags())
"""


def found(python, store):
    """An interpreter; the test is skipped where this host has none."""
    try:
        return pythons.find(python, environ=os.environ, store=Store(store))
    except NeedsDockerError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("minor", range(9, 15))
def test_an_interpreter_is_found_whether_packaging_runs_in_it_or_not(minor, tmp_path):
    """No file that is there is said to be missing."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    if not any(pyenv.glob(f"versions/3.{minor}.*/bin/python3.{minor}")):
        pytest.skip(f"pyenv has no Python 3.{minor}")
    interpreter = pythons.find(f"3.{minor}", environ=os.environ, store=Store(tmp_path))

    assert interpreter.version.startswith(f"3.{minor}.")
    assert str(interpreter.tags[0]).startswith(f"cp3{minor}-cp3{minor}-")


@pytest.mark.parametrize("minor", range(10, 15))
def test_its_tags_are_those_that_it_would_tell_itself(minor, tmp_path):
    """In the same order; they are computed here."""
    interpreter = found(f"3.{minor}", tmp_path)
    lent = Path(tags.__file__).parents[1]
    told = run([interpreter.executable, "-I", "-c", _TAGS, lent])
    if "SyntaxError" in told.stderr:
        pytest.skip("packaging does not run in it any more")

    assert told.stdout.split() == [str(tag) for tag in interpreter.tags]
