"""The order in which files of tests begin."""

from __future__ import annotations

from pathlib import Path

from conftest import LONGEST


def test_what_begins_first_is_there():
    """A file that was renamed would begin at any time."""
    there = {path.name for path in Path(__file__).parent.rglob("test_*.py")}
    assert set(LONGEST) <= there
