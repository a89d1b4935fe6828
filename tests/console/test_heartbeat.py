"""Where nothing is heard, it is said what goes on."""

from __future__ import annotations

import time

import pytest

from pylayer.activity import Activity, Work, doing
from pylayer.console import heartbeat
from pylayer.console.heartbeat import Heartbeat


def test_a_silent_run_says_what_it_is_at():
    """Then less and less often, while nothing else is heard."""
    notes = []

    def note(text):
        notes.append((time.perf_counter(), text))

    beat = Heartbeat(
        Activity(),
        note=note,
        heard=lambda: notes[-1][0] if notes else began,
        done=lambda: 0,
        silence=0.1,
    )
    began = time.perf_counter()
    beat.start()
    time.sleep(0.55)
    beat.stop()

    assert {"at work"} == {text for _, text in notes}
    assert 2 <= len(notes) <= 4


def test_a_run_that_is_heard_says_nothing():
    """Its lines say enough."""
    notes: list[str] = []
    beat = Heartbeat(Activity(), note=notes.append, heard=time.perf_counter, done=lambda: 0, silence=0.05)
    beat.start()
    time.sleep(0.2)
    beat.stop()

    assert [] == notes


@pytest.mark.parametrize(
    ("works", "line"),
    [
        (1, "2 of 9 builds done; pulling 0 (0:00)"),
        (4, "2 of 9 builds done; pulling 0 (0:00), pulling 1 (0:00), pulling 2 (0:00), 1 more"),
    ],
)
def test_it_names_what_takes_longest(works, line):
    """And counts the rest."""
    activity = Activity()
    activity.total = 9

    def within(number):
        if number == works:
            return heartbeat.line(activity, done=2)
        with activity.at(Work()), doing(f"pulling {number}"):
            return within(number + 1)

    assert line == within(0)


def test_it_says_who_does_not_answer():
    """Once that is long."""
    activity = Activity()
    with activity.at(Work()) as work, doing("starting a container"):
        work.asked = "the Docker Engine", time.perf_counter() - 42
        told = heartbeat.line(activity, done=0)
        work.asked = "the Docker Engine", time.perf_counter()
        soon = heartbeat.line(activity, done=0)

    assert "starting a container, no answer of the Docker Engine for 42 s (0:00)" == told
    assert "starting a container (0:00)" == soon
