"""Calls from anywhere → one at a time in a process, what they tell and raise without credentials."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from threading import RLock
from typing import TYPE_CHECKING

from pylayer import redaction
from pylayer.errors import PylayerError
from pylayer.outcomes import Follower, Reporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from pylayer.activity import Activity
    from pylayer.errors import Fault
    from pylayer.outcomes import Outcome
    from pylayer.trials import Tried

# The end of a run ends all programs that this process has running for one, and their connections.
_turn = RLock()


def several(words: str | Sequence[str]) -> tuple[str, ...]:
    """What a caller gives of names: one, or several. A text is one, and not its letters."""
    return (words,) if isinstance(words, str) else tuple(words)


@contextmanager
def in_turn(reporter: Reporter | None) -> Iterator[Reporter]:
    """Wait until no other thread of this process is in here; the reporter to tell.

    A PylayerError comes out of here as it may be shown; that the machine is full comes out as one.
    """
    with _turn:
        redaction.look_again()
        try:
            yield reporter if isinstance(reporter, Follower) else InTurn(reporter or Reporter())
        except PylayerError as error:
            _clean(error)
            raise
        except Exception as bug:
            from pylayer import shortage

            if lacking := shortage.told(bug):
                raise lacking from bug
            raise


def following(told: Reporter, activity: Activity) -> AbstractContextManager[None]:
    """Let a reporter follow what a run does, if it is one that wants to."""
    return told.following(activity) if isinstance(told, Follower) else nullcontext()


class InTurn(Reporter):
    """Has another Reporter called by one thread at a time, and with what may be shown."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._lock = RLock()

    def note(self, text: str) -> None:
        """Pass it on."""
        with self._lock:
            self._reporter.note(redaction.shown(text))

    def warn(self, fault: Fault) -> None:
        """Pass it on."""
        with self._lock:
            self._reporter.warn(_shown(fault))

    def outcome(self, outcome: Outcome) -> None:
        """Pass it on."""
        with self._lock:
            self._reporter.outcome(shown(outcome))

    def tried(self, tried: Tried) -> None:
        """Pass it on."""
        if tried.error:
            _clean(tried.error)
        with self._lock:
            self._reporter.tried(tried)

    def say(self, text: str) -> None:
        """Pass it on."""
        with self._lock:
            self._reporter.say(redaction.shown(text))


def shown(outcome: Outcome) -> Outcome:
    """An outcome as it may be shown."""
    if outcome.error:
        _clean(outcome.error)
    texts = (outcome.notes, outcome.warnings)
    notes, warnings = (tuple(map(redaction.shown, each)) for each in texts)
    return outcome if (notes, warnings) == texts else replace(outcome, notes=notes, warnings=warnings)


def _clean(error: PylayerError) -> None:
    """Take credentials out of an error, which others hold too."""
    error.faults = tuple(map(_shown, error.faults))
    error.log = redaction.shown(error.log)
    error.args = (error.faults[0].what,)


def _shown(fault: Fault) -> Fault:
    texts = {name: redaction.shown(getattr(fault, name)) for name in ("what", "where", "hint", "cause")}
    return replace(fault, **texts)
