"""Broken input for all that reads → how often it came to anything but a right result or a clear error.

`nox -s fuzz -- --help`. A try is a seed with faults in it. Right is: a result that holds what is said
of it, or a PylayerError whose text has nothing that a terminal obeys; nothing is written outside the try's
folder, started, or connected to; memory and time have bounds.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from campaigns import figures
from pylayer.console import Console
from pylayer.errors import PylayerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from campaigns.subjects import Subject

CORPUS = figures.ROOT / "tests" / "fuzz" / "corpus"
_MODULES = ("documents", "lockfiles", "answers", "archives", "sdists")
_ROUND = 400  # tries between looks at what a folder holds
_MEMORY = 1 << 30  # bytes that a try may have more than what there is before the first
_SECONDS = 20.0  # of a processor, for a try
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_ONE_PATH = frozenset({"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime"})
_OUTSIDE = frozenset({"subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "socket.connect"})


class EscapeError(Exception):
    """Something was written, started or connected to that must not be."""


@dataclass
class Tally:
    """What came of the tries of one subject; `faults` by what was raised where, with an input of each."""

    tries: int = 0
    right: int = 0
    refused: int = 0
    escapes: int = 0
    seconds: float = 0
    memory: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, tuple[bytes, str]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count another in."""
        for name in ("tries", "right", "refused", "escapes", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.memory = max(self.memory, other.memory)
        self.faults += other.faults
        self.examples = {**other.examples, **self.examples}


def subjects() -> dict[str, Subject]:
    """All of them, by name."""
    found = [import_module(f"campaigns.subjects.{name}").SUBJECTS for name in _MODULES]
    return {subject.name: subject for listed in found for subject in listed}


class Guard:
    """Hears of every write, start and connection of this process while it is `closed`."""

    def __init__(self) -> None:
        self._allowed = ""
        self.escaped = ""
        sys.addaudithook(self._heard)

    @contextmanager
    def closed(self, folder: Path) -> Iterator[None]:
        """Let nothing be changed but what is in `folder`."""
        self._allowed, self.escaped = f"{os.path.realpath(folder)}/", ""
        # What is imported at its first use would be written as bytecode, by Python itself.
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            yield
        finally:
            self._allowed, sys.dont_write_bytecode = "", before

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._allowed:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITES:
                self._look(event, path)
        elif event in _ONE_PATH:
            if arguments[-1] in {-1, None} or event == "os.truncate":
                self._look(event, arguments[0])
        elif event in {"os.rename", "os.link", "os.symlink"}:
            self._look(event, arguments[1])
        elif event in _OUTSIDE:
            self._refuse(f"{event} {arguments[:2]!r}")

    def _look(self, event: str, path: object) -> None:
        if isinstance(path, int):  # a file that is open already
            return
        text = os.fsdecode(path)  # type: ignore[arg-type]
        whole = os.path.join(os.path.realpath(os.path.dirname(text) or "."), os.path.basename(text))  # noqa: PTH118, PTH119, PTH120
        if not f"{os.path.normpath(whole)}/".startswith(self._allowed) and whole != os.devnull:
            self._refuse(f"{event} {text!r}")

    def _refuse(self, what: str) -> None:
        self.escaped = what
        raise EscapeError(what)


_GUARD: list[Guard] = []


def fuzzed(subject: Subject, tries: int, *, seed: int, seconds: float = 1e9) -> Tally:
    """Try a subject so often, or for so long."""
    if not _GUARD:
        _GUARD.append(Guard())
    dice = random.Random(f"{subject.name}/{seed}")
    seeds = [*(subject.seeds or (b"",)), *corpus(subject)]
    tally = Tally()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    with TemporaryDirectory(prefix="fuzz-", dir=_quick()) as name, _bounded():
        folder = Path(name) / "try"
        folder.mkdir()
        for number in range(tries):
            seed_bytes = dice.choice(seeds)
            _try(subject, subject.mutate(dice, seed_bytes), folder, tally)
            if number % _ROUND == _ROUND - 1 or number == tries - 1:
                _finish(subject, folder, tally)
            if time.monotonic() - began > seconds:
                break
        _finish(subject, folder, tally)
    tally.seconds = time.monotonic() - began
    tally.memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    return tally


def corpus(subject: Subject) -> list[bytes]:
    """The inputs of a subject that were somebody's undoing."""
    folder = CORPUS / re.sub(r"[',]", "", subject.name).replace(" ", "-")
    return [path.read_bytes() for path in sorted(folder.glob("*"))] if folder.is_dir() else []


def look(subject: Subject, content: bytes, folder: Path) -> Tally:
    """One try with just this input."""
    if not _GUARD:
        _GUARD.append(Guard())
    tally = Tally()
    folder.mkdir(exist_ok=True)
    with _bounded():
        _try(subject, content, folder, tally)
        _finish(subject, folder, tally)
    return tally


def _try(subject: Subject, content: bytes, folder: Path, tally: Tally) -> None:
    tally.tries += 1
    guard = _GUARD[0]
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    try:
        with guard.closed(folder):
            try:
                subject.read(content, folder)
            except PylayerError as error:
                _is_told(error)
                tally.refused += 1
            else:
                tally.right += 1
    except Exception as fault:  # noqa: BLE001  that is what is looked for
        _note(tally, fault, content)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    if guard.escaped:
        tally.escapes += 1


def _finish(subject: Subject, folder: Path, tally: Tally) -> None:
    """Look at what is in the folder, and begin with an empty one."""
    try:
        if subject.finish:
            subject.finish(folder)
    except Exception as fault:  # noqa: BLE001  as above
        _note(tally, fault, b"")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)


def _note(tally: Tally, fault: Exception, content: bytes) -> None:
    frames = traceback.extract_tb(fault.__traceback__)
    own = [frame for frame in frames if "/pylayer/" in frame.filename] or frames
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
    key = f"{type(fault).__name__} at {place}"
    tally.faults[key] += 1
    if key not in tally.examples:
        tally.examples[key] = content, "".join(traceback.format_exception(fault))[-3000:]


def _is_told(error: PylayerError) -> None:
    """Assert that what a terminal gets of an error does nothing there."""
    from campaigns.subjects.answers import harmless

    told = io.StringIO()
    Console(told, told).error(error)
    text = told.getvalue()
    assert harmless(text), ascii(text)
    text.encode()


@contextmanager
def _bounded() -> Iterator[None]:
    """Have little more memory than there is now, and no try that goes on."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)

    def overdue(*_: object) -> None:
        raise TimeoutError("a try took too long")

    handler = signal.signal(signal.SIGPROF, overdue)
    resource.setrlimit(resource.RLIMIT_AS, (size + _MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, handler)


def _quick() -> str | None:
    """A folder in memory, where there is one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _work(name: str, tries: int, seed: int, seconds: float) -> tuple[str, Tally]:
    return name, fuzzed(subjects()[name], tries, seed=seed, seconds=seconds)


def campaign(
    chosen: dict[str, Subject], tries: int, *, seed: int, workers: int, minutes: float
) -> dict[str, Tally]:
    """So many tries in all, by the subjects' weights, in pieces that any worker takes."""
    total = sum(subject.weight for subject in chosen.values())
    pieces = []
    for subject in chosen.values():
        left, number = round(tries * subject.weight / total), 0
        while left > 0:
            pieces.append((subject.name, min(left, _PIECE), seed * 1_000_000 + number))
            left, number = left - _PIECE, number + 1
    random.Random(seed).shuffle(pieces)
    until = time.monotonic() + 60 * minutes
    tallies = {name: Tally() for name in chosen}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_late, until, *piece) for piece in pieces}
        for done in waiting:
            name, tally = done.result()
            tallies[name].add(tally)
    return tallies


_PIECE = 1000  # tries, in a random order of subjects: where the minutes end a campaign, all have had some


def _late(until: float, name: str, tries: int, seed: int) -> tuple[str, Tally]:
    left = until - time.monotonic()  # one clock for all processes of a machine
    return _work(name, tries, seed, left) if left > 0 else (name, Tally())


def written(tallies: dict[str, Tally]) -> str:
    """The table of a campaign."""
    columns = ["what is read", "inputs", "right", "refused", "tracebacks", "escapes", "a second", "memory"]
    rows = [_row(name, tally) for name, tally in tallies.items() if tally.tries]
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    return figures.table(columns, [*rows, _row("**all**", total)])


def _row(name: str, tally: Tally) -> list[object]:
    speed = round(tally.tries / tally.seconds) if tally.seconds else 0
    faults = tally.faults.total()
    memory = f"{tally.memory / (1 << 20):.0f} MiB"
    return [name, tally.tries, tally.right, tally.refused, faults, tally.escapes, speed, memory]


def main(words: list[str] | None = None) -> int:
    """Run a campaign, print its table and faults, and write it down where that is asked for."""
    parser = argparse.ArgumentParser(prog="nox -s fuzz", description=__doc__)
    parser.add_argument("--tries", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=600, help="begin nothing after so many")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    parser.add_argument("--only", default="", help="subjects whose name has this in it")
    parser.add_argument("--examples", type=Path, help="a folder for an input of each fault")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    given = sys.argv[1:] if words is None else words
    chosen = parser.parse_args(given)
    listed = {name: subject for name, subject in subjects().items() if chosen.only in name}
    tallies = campaign(listed, chosen.tries, seed=chosen.seed, workers=chosen.workers, minutes=chosen.minutes)
    text = written(tallies)
    print(text)
    for name, tally in tallies.items():
        for key, (content, told) in tally.examples.items():
            print(f"\n{name}: {tally.faults[key]} times {key}\n{told}")
            if chosen.examples:
                chosen.examples.mkdir(parents=True, exist_ok=True)
                (chosen.examples / f"{name} {key}".replace("/", "-")).write_bytes(content)
    if chosen.write:
        figures.tell("fuzz", "nox -s fuzz", given, text)
    return int(any(tally.faults or tally.escapes for tally in tallies.values()))


if __name__ == "__main__":
    sys.exit(main())
