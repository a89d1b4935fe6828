"""A container → a program in it that does one job after the other (`pylayer/inside/stream.py`)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from pylayer.engines.docker.programs import words
from pylayer.engines.docker.streams import STDOUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.engines.docker.containers import Container, Exec
    from pylayer.engines.wire import Results


class JobServer:
    """A program that is `running` as a `user` of its own (a number), for one thread at a time."""

    def __init__(self, running: Exec, *, user: int) -> None:
        self.user = user
        self._running = running
        self._frames = running.stream.frames()

    @classmethod
    def start(cls, container: Container, *, python: str, user: int, env: Mapping[str, str]) -> Self:
        """Start the program in a container."""
        return cls(container.start(words(python), user=f"{user}:{user}", env=env), user=user)

    def do(self, packed: Iterable[bytes], results: Results) -> int:
        """Have a job done; give its exit status. If `results` are not complete then, this one has ended."""
        with suppress(ConnectionError):  # it has ended early: what it printed says why
            self._running.stream.send(packed)
        for kind, piece in self._frames:
            if kind == STDOUT:
                results.feed(piece)
                if results.complete:
                    return results.status
            else:
                results.log.add(piece)
        return self._running.status() or 1

    def prepare(self, packed: bytes) -> None:
        """Have it make ready for jobs like one before; see `programs.preparation`."""
        with suppress(OSError):
            self._running.stream.send([packed])

    def end(self) -> None:
        """Listen to it no longer: it ends with its input."""
        with self._running:
            pass
