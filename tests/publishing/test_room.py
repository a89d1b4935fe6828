"""As many archives in memory as there is room for: one waits for another, and none waits for nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

from pylayer.publishing.room import MemoryBound


def test_what_fits_is_held_at_once():
    """Two that fit meet in there."""
    room, both = MemoryBound(most=10), Barrier(2)

    def hold(size):
        with room.taken(size):
            both.wait(timeout=10)

    with ThreadPoolExecutor() as pool:
        assert [None, None] == list(pool.map(hold, (6, 4)))


def test_what_does_not_fit_waits():
    """It comes in once the other one is done, whatever became of that."""
    room, order, inside = MemoryBound(most=10), [], Event()

    def second():
        inside.wait(timeout=10)
        with room.taken(5):
            order.append("second")

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(second)
        try:
            with room.taken(6):
                inside.set()
                order.append("first")
                raise ValueError  # noqa: TRY301  what a failed upload does
        except ValueError:
            pass
        waiting.result(timeout=10)
    assert ["first", "second"] == order


def test_one_that_is_too_large_is_alone():
    """It would never fit."""
    room = MemoryBound(most=10)
    with room.taken(11):
        pass
    with room.taken(10):
        pass


def test_nothing_fits_beside_one_that_is_too_large():
    """As an archive that is uploaded from a bucket."""
    room = MemoryBound(most=10)

    def nothing():
        with room.taken(0):
            return True

    with ThreadPoolExecutor() as pool, room.taken(11):
        assert pool.submit(nothing).result(timeout=10)
