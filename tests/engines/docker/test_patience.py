"""Tests of pylayer.engines.docker.patience: how long is waited for what does not answer."""

from __future__ import annotations

import threading
import time

import pytest

from pylayer import activity
from pylayer.activity import Activity, Work
from pylayer.engines.docker.patience import EnginePatience, SilentError, wanted
from pylayer.errors import UsageError


@pytest.fixture
def never():
    """What does not answer, until the test has ended."""
    over = threading.Event()
    yield over.wait
    over.set()


def test_a_call_that_is_never_answered_ends_with_its_time(never) -> None:
    """And says how much that was."""
    with pytest.raises(SilentError, match=r"no answer within 0\.2"):
        EnginePatience().wait(never, seconds=0.2)


def test_what_a_call_raises_is_raised() -> None:
    """A timeout of its own is no reason to wait on."""

    def call() -> None:
        raise TimeoutError("own")

    with pytest.raises(TimeoutError, match="own"):
        EnginePatience().wait(call, seconds=30)


def test_items_may_each_take_their_time(never) -> None:
    """Those before come; the one that does not is an error."""

    def items():
        yield 1
        time.sleep(0.2)
        yield 2
        never()

    given = EnginePatience().each(items(), seconds=0.3)

    assert [1, 2] == [next(given), next(given)]
    with pytest.raises(SilentError):
        next(given)


def test_an_answer_is_waited_for_in_the_open(never) -> None:
    """Whoever shows the run knows of whom, and since when."""
    work = Work()
    seen: list[tuple[str, float] | None] = []

    def call() -> None:
        seen.append(work.asked)

    with Activity().at(work), activity.doing("building"):
        EnginePatience().wait(call, seconds=5)

    (asked,) = seen
    assert asked is not None
    assert ("the Docker Engine", True) == (asked[0], 0 < asked[1] <= time.perf_counter())
    assert work.asked is None


@pytest.mark.parametrize(("text", "seconds"), [("", 120), ("7", 7), ("1.5", 1.5)])
def test_a_variable_says_how_long(text, seconds) -> None:
    """In seconds."""
    assert seconds == wanted({"PYLAYER_ENGINE_TIMEOUT": text})


@pytest.mark.parametrize("text", ["0", "-1", "ever", "nan"])
def test_other_values_are_an_error(text) -> None:
    """One that says which variable it is."""
    with pytest.raises(UsageError, match="PYLAYER_ENGINE_TIMEOUT"):
        wanted({"PYLAYER_ENGINE_TIMEOUT": text})
