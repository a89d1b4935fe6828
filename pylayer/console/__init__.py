"""Outcomes → the lines that a person or a CI log reads, and in a terminal what is being done."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING, Any, TextIO

from pylayer import envtable, redaction, shown
from pylayer.console import wording
from pylayer.errors import UsageError
from pylayer.outcomes import OF_INDEXES, Follower, Outcome, State, by_cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.activity import Activity
    from pylayer.console.board import Board
    from pylayer.console.document import Gathered
    from pylayer.console.tables import Table
    from pylayer.errors import Fault, PylayerError
    from pylayer.outcomes import SharedError
    from pylayer.trials import Tried

_COLOURS = {State.BUILT: "32", State.CACHED: "36", State.FAILED: "31", State.SKIPPED: "33"}
_MOST_WARNINGS = 10
_MOST_REASONING, _BEGINNING = 24, 8  # lines of a resolver's reasoning, of which the end says most


class Detail(Enum):
    """How much is told."""

    QUIET = 0  # failures and the summary
    NORMAL = 1
    VERBOSE = 2  # also what has not changed, and what programs print, as it comes


class Console(Follower):
    """One line for each build as it ends, a failure's log as one block, all failures at the end, a summary.

    An error that several builds share is told once, when all builds have ended and it is known which share
    it. Of a build in which nothing changed there is a line only where `detail` is VERBOSE. Whatever others
    wrote is only shown (see `shown`), without credentials (see `redaction`). NO_COLOR and FORCE_COLOR are
    honoured (https://no-color.org, https://force-color.org).
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = self._document = out or sys.stdout
        self._err = err or sys.stderr
        self._colour = wants_colour(self._out)
        self.detail = Detail.NORMAL
        self.root: Path | None = None  # where files that faults name are looked for, besides here
        self._annotates = envtable.on_github()
        self._gathered: Gathered | None = None
        self.repeats = False  # whether failures are those of builds, which are kept with their logs
        self._logged: dict[int, PylayerError] = {}  # kept, so that no other has its id
        self._held: list[Outcome] = []
        self._ended: dict[str, State] = {}
        self._lock = Lock()
        self._board: Board | None = None
        self._activity: Activity | None = None
        self._printed = 0.0

    def for_machine(self, command: str) -> None:
        """Leave stdout to a document of `command`: all lines go to stderr."""
        from pylayer.console.document import Gathered

        self._gathered = Gathered(command)
        self._out = self._err
        self._colour = wants_colour(self._err)

    @property
    def answers(self) -> bool:
        """Whether a document is wanted."""
        return self._gathered is not None

    def answer(self, status: int, own: Mapping[str, Any] | None = None) -> None:
        """Print the document, if one is wanted; `own` is what the command itself has to tell."""
        if self._gathered is None:
            return
        import json

        text = json.dumps(self._gathered.document(status, own or {}), indent=2)
        self._gathered = None
        with self._lock:
            _write(self._document, redaction.shown(text))

    def _gather(self, faults: Sequence[Fault], *, builds: Sequence[str] = (), warned: bool = False) -> None:
        if self._gathered is not None:
            from pylayer.console.document import answers

            place = self._gathered.warnings if warned else self._gathered.errors
            place += answers(faults, builds=builds)

    @contextmanager
    def following(self, activity: Activity) -> Iterator[None]:
        """Show what a run does in here: on a board in a terminal, elsewhere where nothing is heard of it."""
        self._activity = activity
        if self.detail is Detail.QUIET:
            yield
            return
        from pylayer.activity import Work

        if self.detail is Detail.VERBOSE:
            activity.hear = self.heard
        shown_by = self._heartbeat(activity) if (stream := self._terminal()) is None else None
        if shown_by is None and stream is not None:
            from pylayer.console.board import Board

            shown_by = self._board = Board(
                stream,
                activity,
                counts=lambda: {state: [*self._ended.values()].count(state) for state in State},
                write=_write,
                colour=wants_colour(stream),
            )
        assert shown_by is not None
        shown_by.start()
        try:
            with activity.at(Work()):  # what this thread does itself, waiting for another process for one
                yield
        finally:
            self._board = None
            shown_by.stop()

    def _heartbeat(self, activity: Activity) -> Any:  # noqa: ANN401  a Heartbeat, imported late
        from pylayer.console.heartbeat import Heartbeat

        self._printed = time.perf_counter()
        return Heartbeat(activity, note=self.note, heard=lambda: self._printed, done=lambda: len(self._ended))

    def _terminal(self) -> TextIO | None:
        """The stream that a board can be drawn on."""
        if os.environ.get("TERM", "dumb") == "dumb" or envtable.in_ci():
            return None
        return next((stream for stream in (self._err, self._out) if stream.isatty()), None)

    def heard(self, name: str, line: str) -> None:
        """Print a line that a program printed while `name` was built."""
        self._print(self._err, f"{self._paint(f'{name} │', '2')} {shown.line(line)}")

    def say(self, text: str) -> None:
        """Print a line that was asked for."""
        self._print(self._out, shown.block(text))

    def table(self, table: Table) -> None:
        """Print a table: drawn in a terminal, else as lines."""
        from pylayer.console import tables

        if self._out.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            tables.draw(table, self._out, colour=self._colour)
        else:
            for line in tables.lines(table):
                self._print(self._out, line)

    def note(self, text: str) -> None:
        """Print a note at once."""
        if self._gathered is not None:
            self._gathered.notes.append(text)
        if self.detail is not Detail.QUIET:
            self._print(self._err, shown.entry(f"pylayer: {text}"))

    def warn(self, fault: Fault) -> None:
        """Print a warning at once."""
        self._gather([fault], warned=True)
        if self.detail is not Detail.QUIET:
            self._print(self._err, f"{self._paint('warning', '33')}: {wording.told(fault)}")
            self._annotate("warning", [fault])

    def outcome(self, outcome: Outcome) -> None:
        """Print a build's line, and the log of its failure where nobody has told it yet."""
        self._ended[outcome.build] = outcome.state
        error, unchanged = outcome.error, outcome.state is State.CACHED
        if outcome.state is State.FAILED and error:
            self._held.append(outcome)
            if not isinstance(error, OF_INDEXES):
                self._log(error)
        elif self.detail is Detail.QUIET or (unchanged and self.detail is not Detail.VERBOSE):
            return
        name = outcome.build
        if self._activity and self._out.isatty():
            name = name.ljust(self._activity.widest)
        line = f"{name}  {self._state(outcome.state)}  {shown.line(wording.facts(outcome))}"
        self._print(self._out, line.rstrip())
        for text in outcome.notes:
            self._print(self._out, shown.entry(f"    {text}"))

    def tried(self, tried: Tried) -> None:
        """Print what was measured of what works, why something was skipped, or what is wrong."""
        if tried.state == "works":
            for line in wording.works(tried):
                self.say(line)
        elif tried.state == "skipped":
            self.note(f"{tried.name} is skipped: {tried.error}")
        elif tried.error:
            self.error(tried.error)

    def attention(self, warnings: Mapping[str, Sequence[str]]) -> None:
        """Print what was told in full when archives were made, by the builds that have them: each once."""
        if self.detail is Detail.QUIET:
            return
        builds: dict[str, list[str]] = {}
        for build, texts in warnings.items():
            for text in dict.fromkeys(texts):
                builds.setdefault(text, []).append(build)
        most = len(builds) if self.detail is Detail.VERBOSE else _MOST_WARNINGS
        for text, found in [*builds.items()][:most]:
            words = text if self.detail is Detail.VERBOSE else wording.digest(text)
            told = shown.entry(f"{wording.some(found)}: {words}")
            self._print(self._err, f"{self._paint('warning', '33')}: {told}")
        if len(builds) > most:
            self._print(self._err, f"    and {len(builds) - most} more warnings: -v tells them all")

    def total(self, text: str, *, seconds: float) -> None:
        """Print the last line of a run."""
        self._print(self._out, f"{text} in {wording.seconds(seconds)}")

    def error(self, error: PylayerError) -> None:
        """Print an error: its log as a block, then what, where and what to do."""
        self._tell_held()
        self._log(error)
        self._gather(error.faults)
        self._faults(error)

    def _tell_held(self) -> None:
        """Print the errors of builds, now that it is known which of them share one."""
        held, self._held = self._held, []
        if held and self._err.isatty():
            self._print(self._err, "")
        for shared in by_cause(held):
            self._gather(shared.error.faults, builds=shared.builds)
            self._faults(shared.error)
            if isinstance(shared.error, OF_INDEXES):
                self._log(shared.error)
            if self.repeats:
                self._print(self._err, _remedies(shared))

    def _log(self, error: PylayerError) -> None:
        """Print what a tool said, once, and as one block: what is told as it comes is mixed with others'.

        The reasoning of a resolver, which may be hundreds of like lines, is shortened.
        """
        if not error.log.strip() or id(error) in self._logged:
            return
        self._logged[id(error)] = error
        block = shown.block(error.log).rstrip()
        if self._annotates:
            from pylayer.console import workflow

            self._print(self._err, workflow.grouped(f"log: {shown.line(error.faults[0].told)}", block))
            return
        if isinstance(error, OF_INDEXES) and self.detail is not Detail.VERBOSE:
            block = _shortened(block)
        bar = "─" * 40
        self._print(self._err, f"{bar}\n{block}\n{bar}")

    def _faults(self, error: PylayerError) -> None:
        for fault in error.faults:
            # A wrong command line is answered in a line.
            text = shown.line(fault.line) if isinstance(error, UsageError) else wording.told(fault)
            self._print(self._err, f"{self._paint('error', '31')}: {text}")
        self._annotate("error", error.faults)

    def _annotate(self, level: str, faults: Sequence[Fault]) -> None:
        """Have a CI system that can show faults where they are."""
        if self._annotates:
            from pylayer.console import workflow

            for command in workflow.of_faults(level, faults, root=self.root):
                self._print(self._err, command)

    def summary(self, outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """Print all failures, what needs attention, and each reason for skipping; then how many ended how."""
        self._tell_held()
        self.attention({o.build: o.warnings for o in outcomes if o.state is State.CACHED})
        self.skipped(outcomes)
        counts = [
            f"{count} {state.value}" for state in State if (count := sum(o.state is state for o in outcomes))
        ]
        self.total(", ".join(counts) or "nothing to build", seconds=seconds)

    def skipped(self, outcomes: Sequence[Outcome]) -> None:
        """Print each reason for which builds were skipped."""
        self._tell_held()
        reasons: dict[str, list[str]] = {}
        for outcome in outcomes:
            if outcome.state is State.SKIPPED and outcome.error:
                reasons.setdefault(str(outcome.error), []).append(outcome.build)
        for reason, builds in reasons.items():
            self._print(self._err, f"skipped: {', '.join(builds)}\n  {shown.entry(reason)}")

    def _print(self, stream: TextIO, text: str) -> None:
        text = redaction.shown(text)
        self._printed = time.perf_counter()
        if board := self._board:
            board.print(stream, text)
            return
        with self._lock:
            _write(stream, text)

    def _state(self, state: State) -> str:
        return self._paint(f"{state.value:<7}", _COLOURS[state])

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def _shortened(block: str) -> str:
    lines = block.splitlines()
    if len(lines) <= _MOST_REASONING:
        return block
    cut = len(lines) - _MOST_REASONING
    middle = f"… {cut} more lines: -v tells them all …"
    return "\n".join((*lines[:_BEGINNING], middle, *lines[_BEGINNING + cut :]))


def _remedies(shared: SharedError) -> str:
    """How to have the log of a build that failed, and how to repeat it."""
    first, several = shared.builds[0], len(shared.builds) > 1
    return (
        f"    log: pylayer log {first}\n"
        f"    again: pylayer build-layer {first}{' (or another of them)' if several else ''}"
    )


def _write(stream: TextIO, text: str) -> None:
    try:
        try:
            stream.write(f"{text}\n")
        except UnicodeEncodeError:  # a locale of a single byte, or PYTHONIOENCODING
            encoding = stream.encoding or "ascii"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough (`| head -1`). What was begun goes on: it may be a publish.
        _silence(stream)


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
