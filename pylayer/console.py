"""Outcomes → the lines that a person or a CI log reads."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, TextIO

from pylayer import redaction, shown
from pylayer.amounts import size_text
from pylayer.errors import UsageError
from pylayer.outcomes import OF_INDEXES, Outcome, State, by_cause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.errors import Fault, PylayerError

_DIGEST = 90  # characters of a warning that was told in full before
_COLOURS = {State.BUILT: "32", State.CACHED: "36", State.FAILED: "31", State.SKIPPED: "33"}


class Console:
    """One line for each build as it ends, a failure's log as one block before its error, a summary.

    An error that several builds share is told once; what no index has, when all builds have ended and it is
    known which share it. Whatever others wrote is only shown (see `shown`), without credentials (see
    `redaction`). NO_COLOR and FORCE_COLOR are honoured (https://no-color.org, https://force-color.org).
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._colour = wants_colour(self._out)
        self._told: set[int] = set()
        self._held: list[Outcome] = []
        self._lock = Lock()

    def say(self, text: str) -> None:
        """Print a line that was asked for."""
        self._print(self._out, shown.block(text))

    def note(self, text: str) -> None:
        """Print a note at once."""
        self._print(self._err, shown.entry(f"pylayer: {text}"))

    def warn(self, fault: Fault) -> None:
        """Print a warning at once."""
        self._print(self._err, f"{self._paint('warning', '33')}: {_told(fault)}")

    def outcome(self, outcome: Outcome) -> None:
        """Print a build's line, and its error where nobody has told it yet."""
        if isinstance(outcome.error, OF_INDEXES):
            self._held.append(outcome)
        elif outcome.state is State.FAILED and outcome.error and id(outcome.error) not in self._told:
            self._told.add(id(outcome.error))
            self._block(outcome.error.log)
            self._faults(outcome.error)
        line = f"{outcome.build.id}  {self._state(outcome.state)}  {shown.line(_facts(outcome))}"
        self._print(self._out, line.rstrip())
        for text in outcome.notes:
            self._print(self._out, shown.entry(f"    {text}"))
        if outcome.state is State.CACHED:
            self._warned(outcome.warnings)

    def cached(self, identifier: str, *, wheels: int, size: int, warnings: Sequence[str] = ()) -> None:
        """Print the line of a build in which nothing changed."""
        self._print(self._out, f"{identifier}  {self._state(State.CACHED)}  {_weight(wheels, size)}")
        self._warned(warnings)

    def _warned(self, warnings: Sequence[str]) -> None:
        """Print in a line what was told in full when the archive was made."""
        if warnings:
            import textwrap

            counted = "1 warning" if len(warnings) == 1 else f"{len(warnings)} warnings"
            words = textwrap.shorten(warnings[0], _DIGEST, placeholder="…")
            self._print(self._out, shown.entry(f"    {counted}: {words}"))

    def total(self, text: str, *, seconds: float) -> None:
        """Print the last line of a run."""
        self._print(self._out, f"{text} in {_seconds(seconds)}")

    def error(self, error: PylayerError) -> None:
        """Print an error: its log as a block, then what, where and what to do."""
        self._tell_held()
        self._block(error.log)
        self._faults(error)

    def _tell_held(self) -> None:
        """Print the errors of builds that ended before it was known which of them share one."""
        held, self._held = self._held, []
        for error in by_cause(held):
            self._faults(error)
            self._block(error.log)

    def _block(self, log: str) -> None:
        if log.strip():
            bar = "─" * 40
            self._print(self._err, f"{bar}\n{shown.block(log).rstrip()}\n{bar}")

    def _faults(self, error: PylayerError) -> None:
        for fault in error.faults:
            # A wrong command line is answered in a line.
            text = shown.line(fault.line) if isinstance(error, UsageError) else _told(fault)
            self._print(self._err, f"{self._paint('error', '31')}: {text}")

    def summary(self, outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """Print how many ended how; then each reason for which builds were skipped."""
        self._tell_held()
        counts = [
            f"{count} {state.value}" for state in State if (count := sum(o.state is state for o in outcomes))
        ]
        self.total(", ".join(counts) or "nothing to build", seconds=seconds)
        self.skipped(outcomes)

    def skipped(self, outcomes: Sequence[Outcome]) -> None:
        """Print each reason for which builds were skipped."""
        self._tell_held()
        reasons: dict[str, list[str]] = {}
        for outcome in outcomes:
            if outcome.state is State.SKIPPED and outcome.error:
                reasons.setdefault(str(outcome.error), []).append(outcome.build.id)
        for reason, builds in reasons.items():
            self._print(self._err, f"skipped: {', '.join(builds)}\n  {shown.entry(reason)}")

    def _print(self, stream: TextIO, text: str) -> None:
        with self._lock:
            try:
                stream.write(redaction.shown(text) + "\n")
                stream.flush()
            except BrokenPipeError:
                # Whoever read it has seen enough (`| head -1`). What was begun goes on: it may be a publish.
                _silence(stream)

    def _state(self, state: State) -> str:
        return self._paint(f"{state.value:<7}", _COLOURS[state])

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def _silence(stream: TextIO) -> None:
    """Let a stream whose reader is gone lead nowhere, also when the interpreter flushes it at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def wants_colour(stream: TextIO) -> bool:
    """Whether colours are right for `stream`."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _told(fault: Fault) -> str:
    """A fault as it is shown: where it is, in one line, what it is, and what to do."""
    return shown.entry(str(replace(fault, where=shown.line(fault.where))))


def _facts(outcome: Outcome) -> str:
    if outcome.state is State.FAILED:
        return "see the error below" if isinstance(outcome.error, OF_INDEXES) else "see the error above"
    if outcome.state is State.SKIPPED:
        return outcome.error.faults[0].what if outcome.error else ""
    facts = _weight(outcome.wheels, outcome.size)
    return f"{facts}, {_seconds(outcome.seconds)}" if outcome.state is State.BUILT else facts


def _weight(wheels: int, size: int) -> str:
    return f"{wheels} wheel{'s' if wheels != 1 else ''}, {size_text(size)}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.05 else f"{seconds * 1000:.0f} ms"
