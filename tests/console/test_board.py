"""What a terminal shows while a run goes on, and what stays of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from factories.terminals import terminal

from pylayer.activity import Activity, Work, doing, waiting
from pylayer.config.layers import Build, Layer
from pylayer.console import Console
from pylayer.console.board import PATIENCE
from pylayer.outcomes import Outcome, State
from pylayer.targets import Architecture, Target, load_runtimes

TARGET = Target(runtime=load_runtimes()["python3.12"], architecture=Architecture.ARM64)
SOON = PATIENCE + 0.6  # seconds until a board is drawn


@pytest.fixture(autouse=True)
def _plainly(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def ended(name="etl", state=State.BUILT):
    build = Build(layer=Layer(name=name, projects=(name,), targets=(TARGET,)), target=TARGET)
    return Outcome(**build.words, state=state, size=2048, wheels=1, seconds=1.5)


def test_it_shows_what_runs_and_leaves_the_lines_alone():
    """Results scroll above it; at the end it is gone, and the cursor is there."""
    activity = Activity()
    activity.total = 3
    with terminal() as screen:
        lines = Console(screen.file, screen.file)
        with (
            lines.following(activity),
            activity.at(Work(keys=(("build", "a-python3.12-arm64"), ("wheel", Path("/w/liba"), TARGET)))),
        ):
            lines.outcome(ended())
            activity.count(3 << 20)
            time.sleep(SOON)
            told, *rows, footer = screen.shown
            hidden = screen.screen.cursor.hidden
        left = screen.shown

    assert "etl-python3.12-arm64  built    1 wheel, 2.0 KiB, 1.5 s" == told
    (row,) = rows
    assert ["a-python3.12-arm64", "wheel", "liba", "python3.12-arm64"] == row.split()[1:-1]
    assert "1 of 3 builds  3.0 MiB downloaded" == footer.partition("  ")[2]
    assert ([told], True, False) == (left, hidden, screen.screen.cursor.hidden)


def test_waiting_is_said():
    """For a pull, or for another process."""
    activity = Activity()
    with terminal() as screen, Console(screen.file, screen.file).following(activity):
        with activity.at(Work()), waiting("waiting for another pylayer"):
            time.sleep(SOON)
            assert screen.shown[0].partition(" ")[2].strip().startswith("waiting for another pylayer")
        with activity.at(Work()), doing("pulling image:1, 3 MiB of 9 MiB"):
            assert screen.shown[0].partition(" ")[2].strip().startswith("pulling image:1, 3 MiB of 9 MiB")


def test_what_the_run_itself_waits_for_is_said():
    """Another process, before there is any step."""
    with terminal() as screen, Console(screen.file, screen.file).following(Activity()):
        with waiting("waiting for another pylayer"):
            time.sleep(SOON)
            assert "waiting for another pylayer" in screen.shown[0]
        time.sleep(0.3)
        assert "looking at the monorepo" in screen.shown[0]


def test_a_narrow_terminal_has_no_line_that_breaks():
    """What has no room is left out or cut."""
    activity = Activity()
    activity.total = 1000
    key = (("build", "a-long-name-python3.12-arm64"), ("wheel", Path("/w/a-long-name"), TARGET))
    with (
        terminal(columns=32, lines=8) as screen,
        Console(screen.file, screen.file).following(activity),
        activity.at(Work(keys=key)),
    ):
        activity.count(5 << 30)
        time.sleep(SOON)
        shown = screen.shown
    assert 2 == len(shown), shown


def test_what_ends_soon_has_no_board():
    """Its lines alone are told, and nothing else is sent to the terminal."""
    with terminal() as screen:
        lines = Console(screen.file, screen.file)
        with lines.following(Activity()):
            lines.note("a note")
        assert ["pylayer: a note"] == screen.shown
        assert b"\x1b[?25l" not in screen.raw


@pytest.mark.parametrize("variable", [("TERM", "dumb"), ("CI", "true")])
def test_where_nothing_should_move_nothing_does(monkeypatch, variable):
    """Screen readers, and logs of CI systems that have a terminal, get lines."""
    monkeypatch.setenv(*variable)
    activity = Activity()
    with terminal() as screen:
        lines = Console(screen.file, screen.file)
        with lines.following(activity), activity.at(Work()), doing("something"):
            lines.note("a note")
            time.sleep(SOON)
        assert (["pylayer: a note"], False) == (screen.shown, b"\x1b[?25l" in screen.raw)


def test_without_colours_none_are_drawn(monkeypatch):
    """NO_COLOR is for the board, too."""
    monkeypatch.setenv("NO_COLOR", "1")
    activity = Activity()
    with terminal() as screen:
        with Console(screen.file, screen.file).following(activity), activity.at(Work()), doing("something"):
            time.sleep(SOON)
            assert "something" in screen.shown[0]
        assert b"\x1b[3" not in screen.raw


def test_an_interrupt_leaves_a_clean_screen():
    """The board is taken away before anything is said about it."""
    activity = Activity()
    with terminal() as screen:
        lines = Console(screen.file, screen.file)

        def work():
            with lines.following(activity), activity.at(Work()), doing("something"):
                time.sleep(SOON)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            work()
        lines.note("interrupted")
        assert (["pylayer: interrupted"], False) == (screen.shown, screen.screen.cursor.hidden)
