"""A run of which nothing was heard for a while → a line that says what it is at."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pylayer.console import wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from pylayer.activity import Activity

SILENCE = 10.0  # seconds
_LONGEST = 60.0
_MOST = 3  # pieces of work that a line names


class Heartbeat:
    """Says by `note` what `activity` is at, where `heard` is long ago; in a thread of its own.

    `heard` gives when the last line was told, as perf_counter does, and `done` how many builds have ended.
    While nothing else is heard it is said less and less often.
    """

    def __init__(
        self,
        activity: Activity,
        *,
        note: Callable[[str], None],
        heard: Callable[[], float],
        done: Callable[[], int],
        silence: float = SILENCE,
    ) -> None:
        self._activity = activity
        self._note = note
        self._heard = heard
        self._done = done
        self._silence = silence
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pylayer-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for a line that is being said."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        gap, said = self._silence, 0.0
        while True:
            heard = self._heard()
            if heard > said:
                gap = self._silence
            if self._ended.wait(max(heard + gap - time.perf_counter(), 0.01)):
                return
            if self._heard() == heard:
                self._note(line(self._activity, done=self._done()))
                said = self._heard()
                gap = min(2 * gap, max(_LONGEST, self._silence))


def line(activity: Activity, *, done: int) -> str:
    """What a run is at: `12 of 40 builds done; wheel libfast python3.12-arm64 (0:31)`."""
    named = [(text, work) for work in activity.running if (text := wording.doing(work))]
    parts = [f"{text} ({wording.since(work)})" for text, work in named[:_MOST]]
    more = [f"{len(named) - _MOST} more"] if len(named) > _MOST else []
    counted = f"{done} of {activity.total} builds done; " if activity.total else ""
    return f"{counted}{', '.join([*parts, *more]) or 'at work'}"
