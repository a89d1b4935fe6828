"""A command line becomes its exit status and its output, and nothing that it started is left behind.

Every command runs in a process group of its own, so that a Ctrl-C in the terminal reaches pylayer alone and
pylayer decides what ends when: an interrupted or overdue command is killed with all its children. Where
pylayer itself is killed, `watchdog` does that.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from pylayer import activity, watchdog
from pylayer.dataclassing import dataclass
from pylayer.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import IO


_LONGEST = 8 << 20  # bytes of a log: nobody reads as many
_PIECE = 1 << 16
# Milliseconds from the end of a program until that is seen, where something else has its output.
_GLANCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What a command left: its exit status (negative: the signal that ended it) and what it printed."""

    status: int
    stdout: str
    stderr: str


class OutputEnd:
    """What a program prints; its end, where that is more than anybody reads. Who wants it has it at once."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._dropped = 0
        self._told = activity.printed()

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._told:
            self._told.add(data)
        self._kept += data
        if len(self._kept) > 2 * _LONGEST:
            self._dropped += len(self._kept) - _LONGEST
            del self._kept[:-_LONGEST]

    def __str__(self) -> str:
        text = self._kept.decode(errors="replace")
        return f"… {self._dropped} bytes before this are left out …\n{text}" if self._dropped else text


class ProcessGroup:
    """Commands that end together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._killed: set[subprocess.Popen[str]] = set()
        self._closed = False

    def kill(self) -> None:
        """Kill every command that runs now, with its children."""
        with self._lock:
            for process in self._running:
                self._end(process)

    def close(self) -> None:
        """Kill what runs, and whatever is started later."""
        self._closed = True
        self.kill()

    def enter(self, process: subprocess.Popen[str]) -> None:
        """Count `process` in."""
        with self._lock:
            self._running.add(process)
            if self._closed:
                self._end(process)

    def leave(self, process: subprocess.Popen[str]) -> bool:
        """Count `process` out; say whether it was killed."""
        with self._lock:
            self._running.discard(process)
            killed = process in self._killed
            self._killed.discard(process)
            return killed

    def _end(self, process: subprocess.Popen[str]) -> None:
        self._killed.add(process)
        _kill(process)


class _Watch:
    """The watchdog of this process, started with its first command; where it cannot be, there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None

    def begin(self, process: subprocess.Popen[str]) -> None:
        """Have the group of `process` killed when this process is."""
        with self._lock, suppress(OSError):
            if self._program is None:
                self._program = subprocess.Popen(
                    [sys.executable, "-I", "-S", watchdog.__file__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    start_new_session=True,
                )
                atexit.register(self._end)
            self._say(f"+{process.pid}\n")

    def end(self, process: subprocess.Popen[str]) -> None:
        """Forget a process that has ended: its number may be another's soon."""
        with self._lock, suppress(OSError):
            self._say(f"-{process.pid}\n")

    def _say(self, text: str) -> None:
        if self._program is not None and self._program.stdin is not None:
            self._program.stdin.write(text.encode())
            self._program.stdin.flush()

    def _end(self) -> None:
        if self._program is not None:
            with suppress(OSError, subprocess.TimeoutExpired):
                self._program.communicate(timeout=1)


_EVERY = ProcessGroup()
_WATCH = _Watch()


def kill_all() -> None:
    """Kill every command that `run` has running in any thread: for a run that was interrupted."""
    _EVERY.kill()


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,  # noqa: A002  the word of subprocess
    timeout: float | None = None,
    merged: bool = False,
    group: ProcessGroup | None = None,
    confine: Callable[[], None] | None = None,
) -> Completed:
    """Run `command` to its end; text is UTF-8, and what is not is replaced.

    `env` is the whole environment (None: this process's), `timeout` is in seconds. A `merged` one, which has
    neither input nor timeout, has what goes to stderr in stdout, in the order in which it was printed, and of
    megabytes the end alone. `confine` is called in a thread of its own, which then starts the program: what
    is given up there, the program has not. Raises ToolError when the program cannot be started, is overdue,
    or was killed from another thread.
    """
    groups = (_EVERY,) if group is None else (_EVERY, group)
    if confine is None:
        process = _start(command, cwd=cwd, env=env, merged=merged)
    else:
        process = _in_own_thread(confine, lambda: _start(command, cwd=cwd, env=env, merged=merged))
    _WATCH.begin(process)
    try:
        for each in groups:
            each.enter(process)
        if merged:
            stdout, stderr = _printed(process), ""
        else:
            stdout, stderr = process.communicate(input, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{command[0]} was still running after {timeout:g} s, and was stopped") from error
    finally:
        _kill(process)
        _WATCH.end(process)
        killed = [each.leave(process) for each in groups]
    if any(killed):
        raise ToolError(f"{command[0]} was stopped")
    return Completed(status=process.returncode, stdout=stdout, stderr=stderr or "")


class Companion:
    """A program that runs until it is ended, or this process is: it sees the end of its input then.

    What it prints is read by lines; what it complains of goes to the file `log`.
    """

    def __init__(self, command: Sequence[str], *, log: Path) -> None:
        """Start it; raises ToolError where that cannot be."""
        self._log = log
        with log.open("wb") as complaints:
            self._process = _start(command, cwd=None, env=None, errors=complaints)
        _WATCH.begin(self._process)

    def line(self, *, seconds: float) -> str | None:
        """Give the next line that it prints; None where none comes within some `seconds`, or it has ended."""
        assert self._process.stdout is not None
        ready = select.poll()
        ready.register(self._process.stdout, select.POLLIN)
        deadline, read = time.monotonic() + seconds, bytearray()
        while not read.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not ready.poll(left * 1000):
                return None
            if not (byte := os.read(self._process.stdout.fileno(), 1)):
                return None
            read += byte
        return read.decode(errors="replace").rstrip("\r\n")

    def complaints(self) -> list[str]:
        """Lines of its complaints so far."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()

    def end(self) -> None:
        """End it. Can be called twice."""
        _kill(self._process)
        _WATCH.end(self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def uv() -> str:
    """The path of uv's program; ToolError where it is not there."""
    with _finding:  # it asks sysconfig, which before Python 3.12 gives a second thread what it has so far
        return _found()


@cache
def _found() -> str:
    from uv import find_uv_bin

    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        raise ToolError("uv was not found", hint="install pylayer again: uv comes with it") from error


_finding = threading.Lock()


def _printed(process: subprocess.Popen[str]) -> str:
    """Read what a process prints while it does; it may be more than memory holds.

    What it left running, in whatever group and session, may have its output too, and is not waited for.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    printed = OutputEnd()
    with process.stdout as output:
        ready = select.poll()  # `select` itself takes no number beyond 1023
        ready.register(output, select.POLLIN)
        left = _LONGEST  # bytes that are still read once it has ended
        while left > 0:
            ended = process.poll() is not None
            if not ready.poll(0 if ended else _GLANCE):
                if ended:
                    break
                continue
            if not (piece := os.read(output.fileno(), _PIECE)):
                break
            printed.add(piece)
            left -= len(piece) if ended else 0
    process.wait()
    return str(printed).replace("\r\n", "\n").replace("\r", "\n")


def _in_own_thread(
    confine: Callable[[], None], start: Callable[[], subprocess.Popen[str]]
) -> subprocess.Popen[str]:
    """Start a program in a thread that ends with that, after it has given up what `confine` gives up."""
    outcome: list[subprocess.Popen[str] | Exception] = []

    def work() -> None:
        try:
            confine()
            outcome.append(start())
        except (OSError, ToolError) as error:
            outcome.append(error)

    thread = threading.Thread(target=work, name="pylayer-confined")
    thread.start()
    thread.join()
    [process] = outcome
    if isinstance(process, OSError):
        raise ToolError(f"a build cannot be confined: {process.strerror}") from process
    if isinstance(process, Exception):
        raise process
    return process


def _start(
    command: Sequence[str | Path],
    *,
    cwd: Path | None,
    env: Mapping[str, str] | None,
    merged: bool = False,
    errors: IO[bytes] | None = None,
) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors or (subprocess.STDOUT if merged else subprocess.PIPE),
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be started: {error.strerror}") from error


def _kill(process: subprocess.Popen[str]) -> None:
    if process.returncode is not None:
        return  # reaped: its number may be another's by now
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses where only a zombie is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
