"""What a run is doing is seen from outside, and nobody waits for that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pylayer import activity
from pylayer.activity import Activity, PrintedLines, Work
from pylayer.process import OutputEnd


def test_work_is_seen_while_it_is_done():
    """With what it is at, as long as it is at that."""
    seen = Activity()
    with seen.at(Work(keys=("a",))) as work:
        assert [work] == seen.running
        with activity.doing("pulling") as more:
            more("pulling 1 of 2")
            assert ("pulling 1 of 2", False) == (work.doing, work.waiting)
            with activity.waiting("waiting for another"):
                assert ("waiting for another", True) == (work.doing, work.waiting)
            assert ("pulling 1 of 2", False) == (work.doing, work.waiting)
        assert "" == work.doing
    assert ([], True) == (seen.running, work.started <= (work.ended or 0))


def test_what_nobody_watches_is_told_nobody():
    """Outside of a run, all of it does nothing."""
    activity.received(3)
    activity.told("text")
    with activity.doing("something") as more, activity.waiting("somebody"):
        more("more")
    with activity.printing("liba", clean=str):
        assert activity.printed() is None


def test_bytes_of_all_threads_are_counted():
    """They are part of the work that handed them out."""
    seen = Activity()
    with seen.at(Work()), ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            pool.submit(activity.carried(activity.received), 5)
        pool.shutdown()
        activity.received(1)
    assert 101 == seen.received


def test_a_piece_of_work_is_seen_where_a_run_is_watched():
    """And is simply done elsewhere."""
    seen = Activity()
    with activity.piece(("verify", "a")):
        assert [] == seen.running
    with seen.at(Work()), activity.piece(("verify", "a")):
        assert [(), (("verify", "a"),)] == [work.keys for work in seen.running]


def test_a_log_is_kept_with_its_work():
    """Each program's begins on a line of its own."""
    with Activity().at(Work()) as work:
        activity.told("one")
        activity.told("")
        activity.told("two\n")
    assert "one\ntwo\n" == work.log


def test_a_user_is_told_of_what_ended_nothing():
    """Where somebody wants to know."""
    notes: list[str] = []
    with Activity(note=notes.append).at(Work()):
        activity.noted("it took two attempts")
    with Activity().at(Work()):
        activity.noted("unheard")
    activity.noted("unheard")

    assert ["it took two attempts"] == notes


def test_what_a_program_prints_is_told_as_it_comes():
    """In whole lines, without what must not be seen."""
    heard = []
    with (
        Activity(hear=lambda name, line: heard.append(f"{name}: {line}")).at(Work()),
        activity.printing("liba", clean=lambda line: line.replace("t0ken", "****")),
    ):
        end = OutputEnd()
        end.add(b"one\ntw")
        assert ["liba: one"] == heard
        end.add(b"o t0ken\r\n\n  \nthree")
    assert ["liba: one", "liba: two ****", "liba: three"] == heard
    assert "one\ntwo t0ken\r\n\n  \nthree" == str(end)


def test_a_line_without_end_is_told_in_pieces():
    """Memory is not for what a build prints."""
    heard = []
    lines = PrintedLines(name="a", hear=lambda _name, line: heard.append(len(line)), clean=str)
    for _ in range(5):
        lines.add(b"x" * 30_000)
    lines.end()
    assert (150_000, True) == (sum(heard), len(heard) > 1)


@pytest.mark.parametrize(
    ("spans", "seconds"),
    [([], 0), ([(1, 2)], 1), ([(1, 3), (2, 4)], 3), ([(5, 6), (1, 2)], 2), ([(1, 9), (2, 3), (4, 5)], 8)],
)
def test_what_was_done_at_once_took_its_time_once(spans, seconds):
    """And waiting in between is not counted."""
    works = [Work(started=start, ended=end) for start, end in spans]
    assert seconds == activity.busy([*works, Work(started=20)])
