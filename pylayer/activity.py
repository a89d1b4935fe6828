"""Pieces of work → what each is at now, what was printed in it and how long it took, for whoever shows a run.

Who looks does so from a thread of its own. Nothing in here takes a lock, so that no step waits to be seen.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import field
from threading import get_ident
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST = 0.001  # seconds: looking something up in the store takes less
_PIECES = 1 << 16  # characters of a line that does not end: it is told in pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What a piece of work did for a while instead of what its step says, by a step's word and a name."""

    step: str
    name: str
    started: float
    ended: float


@dataclass(slots=True, eq=False, kw_only=True)
class Work:
    """One piece of work; `keys` are those of the steps that it is done for, from the outermost on.

    Times are perf_counter's. `doing` says what it is at, where its step does not say that; `waiting` that
    this is to wait for somebody else, and `asked` whom it asked for something, and when. `log` is what
    programs printed in it, and `phases` what has a name of its own in it, and is over.
    """

    keys: tuple[Hashable, ...] = ()
    started: float = 0.0
    ended: float | None = None
    doing: str = ""
    waiting: bool = False
    asked: tuple[str, float] | None = None
    log: str = ""
    phases: list[Phase] = field(default_factory=list)


_current: ContextVar[tuple[Activity, Work] | None] = ContextVar("work", default=None)
_printing: ContextVar[PrintedLines | None] = ContextVar("printing", default=None)


class Activity:
    """All that one run is doing.

    `total` is the number of its builds, once that is known, and `widest` the length of the longest of their
    names. `hear` is given each line that a build's backend prints, with the name of what is built, and `note`
    what a user should know afterwards, both by any thread; None: nobody wants that.
    """

    def __init__(
        self, *, hear: Callable[[str, str], None] | None = None, note: Callable[[str], None] | None = None
    ) -> None:
        self.hear = hear
        self.note = note
        self.total = 0
        self.widest = 0
        self._running: dict[int, Work] = {}
        self._received: dict[int, int] = {}  # bytes by thread: each changes its own number alone

    @property
    def running(self) -> list[Work]:
        """What is being done now, the longest first."""
        return sorted(self._running.values(), key=lambda work: work.started)

    @property
    def received(self) -> int:
        """Bytes that came from networks."""
        return sum(list(self._received.values()))

    @contextmanager
    def at(self, work: Work) -> Iterator[Work]:
        """Have `work` be what this thread does in here."""
        token = _current.set((self, work))
        self._running[id(work)] = work
        work.started = time.perf_counter()
        try:
            yield work
        finally:
            work.ended = time.perf_counter()
            del self._running[id(work)]
            _current.reset(token)

    def count(self, size: int) -> None:
        """Count bytes that came from a network."""
        thread = get_ident()
        self._received[thread] = self._received.get(thread, 0) + size


def received(size: int) -> None:
    """Count bytes that came from a network for the present work."""
    if now := _current.get():
        now[0].count(size)


def told(log: str) -> None:
    """Keep what a program printed with the present work."""
    if log and (now := _current.get()):
        now[1].log += log if log.endswith("\n") else f"{log}\n"


def noted(text: str) -> None:
    """Tell a user of something in the present work that ended nothing, for one who was not looking on."""
    if (now := _current.get()) and now[0].note:
        now[0].note(text)


@contextmanager
def doing(text: str, *, step: str = "", name: str = "") -> Iterator[Callable[[str], None]]:
    """Say what the present work is at in here; what is yielded says more of it as it goes.

    `step` and `name` are what is told of it afterwards; without them nothing is.
    """
    with _said(text, step=step, name=name, waiting=False) as more:
        yield more


@contextmanager
def waiting(text: str, *, step: str = "", name: str = "") -> Iterator[None]:
    """Say for whom else the present work waits in here; see `doing`."""
    with _said(text, step=step, name=name, waiting=True):
        yield


@contextmanager
def asking(whom: str) -> Iterator[None]:
    """Note that the present work waits for an answer in here, which is told once that is long."""
    now = _current.get()
    if now is None:
        yield
        return
    work = now[1]
    before, work.asked = work.asked, (whom, time.perf_counter())
    try:
        yield
    finally:
        work.asked = before


@contextmanager
def _said(text: str, *, step: str, name: str, waiting: bool) -> Iterator[Callable[[str], None]]:
    now = _current.get()
    if now is None:
        yield lambda _text: None
        return
    work = now[1]
    before = work.doing, work.waiting

    def more(text: str) -> None:
        work.doing, work.waiting = text, waiting

    more(text)
    started = time.perf_counter()
    try:
        yield more
    finally:
        work.doing, work.waiting = before
        if step and (ended := time.perf_counter()) - started >= SHORTEST:
            work.phases.append(Phase(step=step, name=name, started=started, ended=ended))


@contextmanager
def piece(*keys: Hashable) -> Iterator[None]:
    """Count what is done in here as a piece of work of its own, where a run is watched."""
    if now := _current.get():
        with now[0].at(Work(keys=keys)):
            yield
    else:
        yield


def carried(function: Callable[P, T]) -> Callable[P, T]:
    """Give what does the same in any thread as part of the present work; to be called once."""
    context = copy_context()

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return context.run(function, *args, **kwargs)

    return call


@dataclass(slots=True, kw_only=True)
class PrintedLines:
    """The bytes that a program prints → lines, each told at once, by `clean` without what must not be."""

    name: str
    hear: Callable[[str, str], None]
    clean: Callable[[str], str]
    _begun: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        *lines, rest = (self._begun + data).replace(b"\r", b"\n").split(b"\n")
        self._begun = bytearray(rest)
        if len(rest) > _PIECES:
            lines.append(rest)
            self._begun.clear()
        for line in lines:
            if line.strip():
                self.hear(self.name, self.clean(line.decode(errors="replace")))

    def end(self) -> None:
        """Tell of a last line that nothing ended."""
        if self._begun:
            self.add(b"\n")


@contextmanager
def printing(name: str, *, clean: Callable[[str], str]) -> Iterator[None]:
    """Have what programs print in here told as it comes, if anybody wants it, as of `name`."""
    now = _current.get()
    if now is None or now[0].hear is None:
        yield
        return
    lines = PrintedLines(name=name, hear=now[0].hear, clean=clean)
    token = _printing.set(lines)
    try:
        yield
    finally:
        _printing.reset(token)
        lines.end()


def printed() -> PrintedLines | None:
    """Where what a program prints now is to go as it comes; None: nowhere."""
    return _printing.get()


def busy(works: Iterable[Work]) -> float:
    """For how many seconds at least one of some pieces of work was done."""
    total = until = 0.0
    for work in sorted(works, key=lambda work: work.started):
        if work.ended is not None and work.ended > until:
            total += work.ended - max(work.started, until)
            until = work.ended
    return total
