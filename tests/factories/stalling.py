"""A way to an engine that stands still for as long as a test likes, as on an overloaded machine, or lies."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_BLOCK = 1 << 16


class StallingWay:
    """Passes on what comes to `host` to the engine's socket `to`, and back, but not while it is `stalled`.

    `hear` is given what each connection asks, in the pieces in which it comes, before that is passed on;
    `answer` is given what comes back, and gives what is passed on in its place.
    """

    def __init__(
        self,
        path: Path,
        *,
        to: str,
        hear: Callable[[bytes], None] | None = None,
        answer: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.host = f"unix://{path}"
        self._to = to
        self._hear = hear
        self._answer = answer
        self._open = threading.Event()
        self._open.set()
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        self._listening.close()

    @property
    def stalled(self) -> bool:
        """Whether nothing passes."""
        return not self._open.is_set()

    def stall(self) -> None:
        """Let nothing pass from now on; connections can still be made, as the kernel does that."""
        self._open.clear()

    def go_on(self) -> None:
        """Let everything pass again, also what came meanwhile."""
        self._open.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(self._to)
                except OSError:
                    near.close()
                    continue
                for source, sink, change in ((near, far, self._heard), (far, near, self._answer)):
                    threading.Thread(target=self._pass, args=(source, sink, change), daemon=True).start()

    def _heard(self, data: bytes) -> bytes:
        if self._hear is not None:
            self._hear(data)
        return data

    def _pass(
        self, source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes] | None
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_BLOCK):
                passed = change(data) if change is not None else data
                self._open.wait()
                sink.sendall(passed)
        self._open.wait()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
