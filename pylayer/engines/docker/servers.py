"""A container → a program in it that does one job after the other (`pylayer/inside/stream.py`)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pylayer.engines.docker.streams import STDOUT
from pylayer.engines.wire import script_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.engines.docker.containers import Container
    from pylayer.engines.wire import Results


class JobServer:
    """The program, which belongs to a `user` of its own (a number), for one thread at a time."""

    def __init__(self, container: Container, *, python: str, user: int, env: Mapping[str, str]) -> None:
        command = [python, "-I", "-S", "-c", script_text("stream")]
        self.user = user
        self._running = container.start(command, user=f"{user}:{user}", env=env)
        self._frames = self._running.stream.frames()

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

    def end(self) -> None:
        """Listen to it no longer: it ends with its input."""
        with self._running:
            pass
