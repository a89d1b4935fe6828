"""All that reads what others write, given something broken: a right result or a clear error, and no more.

These are the same inputs every time, and few; `nox -s fuzz` has a million others.
"""

from __future__ import annotations

import pytest
from campaigns import fuzz
from campaigns.subjects import Subject

from pylayer.errors import PylayerError

SUBJECTS = fuzz.subjects()
TRIES = 8  # by a subject's weight, of which the sum is some 150


@pytest.mark.parametrize("name", SUBJECTS)
def test_what_is_right_is_taken(name, tmp_path):
    """Else nothing would be tried."""
    for seed in SUBJECTS[name].seeds:
        tally = fuzz.look(SUBJECTS[name], seed, tmp_path / "try")
        assert (1, {}) == (tally.right, dict(tally.faults)), tally.examples


@pytest.mark.parametrize("name", SUBJECTS)
def test_what_was_somebodys_undoing_is_told(name, tmp_path):
    """Each input of the corpus was a traceback, or worse."""
    for content in fuzz.corpus(SUBJECTS[name]):
        tally = fuzz.look(SUBJECTS[name], content, tmp_path / "try")
        assert ({}, 0) == (dict(tally.faults), tally.escapes), tally.examples


@pytest.mark.parametrize("name", SUBJECTS)
def test_broken_input(name):
    """Neither a traceback, nor anything written elsewhere, nor a control character on a terminal."""
    subject = SUBJECTS[name]
    tally = fuzz.fuzzed(subject, TRIES * subject.weight, seed=0)
    assert ({}, 0) == (dict(tally.faults), tally.escapes), tally.examples
    assert tally.tries == TRIES * subject.weight


def escaping(content, folder):
    """Write where nothing may be written."""
    (folder.parent / "elsewhere").write_bytes(content)


def obeyed(content, folder):
    """Raise what a terminal would obey, were it not shown."""
    raise PylayerError("\x1b[31m::error::\u202e")


def test_an_escape_is_noticed(tmp_path):
    """Or the guard would be for nothing."""
    subject = Subject(name="escaping", read=escaping, mutate=lambda dice, seed: seed)
    tally = fuzz.look(subject, b"x", tmp_path / "try")
    assert 1 == tally.escapes
    assert not (tmp_path / "elsewhere").exists()


def test_an_error_is_looked_at_as_a_terminal_gets_it(tmp_path):
    """The console writes what is unseen in another way."""
    subject = Subject(name="obeyed", read=obeyed, mutate=lambda dice, seed: seed)
    assert (1, {}) == (fuzz.look(subject, b"", tmp_path / "try").refused, {})
