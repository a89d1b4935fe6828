"""A connection that Docker has handed over as a raw one → bytes in, and the frames of two outputs out."""

from __future__ import annotations

import socket
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

STDOUT = 1
STDERR = 2

_HEADER = struct.Struct(">BxxxL")
_BLOCK = 1 << 18
_IDLE, _BETWEEN, _PROBES = 30, 10, 3  # seconds, seconds and number: of a connection over a network


class Stream:
    """The input and both outputs of a container's program, or of one started in it.

    `alive` is called after each `silence` (seconds) in which nothing comes or goes: a job may be silent for
    as long as it likes, an engine not. What it raises, `send` and `frames` do. The frames are those of https://docs.docker.com/reference/api/engine/#tag/Container/operation/ContainerAttach.
    """

    def __init__(
        self,
        connection: Any,  # noqa: ANN401  each transport of the SDK has a type of its own
        *,
        alive: Callable[[], object],
        silence: float,
    ) -> None:
        # The SDK gives a file-like wrapper for plain sockets; its `_sock` is the one that can send. The
        # wrapper is kept: when it goes, it closes the socket. So is the response that it was taken from,
        # which reads ahead of it and has to be closed first: else that is an error when it goes.
        self._wrapper = connection
        self._response = getattr(connection, "_response", None)
        self._socket = getattr(connection, "_sock", connection)
        self._alive = alive
        if hasattr(self._socket, "settimeout"):
            self._socket.settimeout(silence)
            _keep_alive(self._socket)

    def send(self, chunks: Iterable[bytes]) -> None:
        """Write `chunks`, small ones together. Raises OSError when the program has ended."""
        gathered = bytearray()
        for chunk in chunks:
            gathered += chunk
            if len(gathered) >= _BLOCK:
                self._write(gathered)
                gathered.clear()
        self._write(gathered)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Give what the program prints, each piece with STDOUT or STDERR, until it ends."""
        while header := self._read(_HEADER.size):
            kind, size = _HEADER.unpack(header)
            while size:
                piece = self._read(min(size, _BLOCK))
                if not piece:
                    return
                size -= len(piece)
                yield kind, piece

    def close(self) -> None:
        """End the connection; a program that reads its input sees the end of it. Can be called twice."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # also wakes a thread that is in `frames`
        with suppress(OSError):
            if self._response is not None:
                self._response.close()
            self._wrapper.close()
            self._socket.close()

    def _write(self, data: bytearray) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except TimeoutError:
                self._alive()
        left.release()

    def _read(self, size: int) -> bytes:
        """Read `size` bytes; fewer than that, and they are not given: the connection has ended."""
        read = bytearray()
        while len(read) < size:
            try:
                piece = self._socket.recv(size - len(read))
            except TimeoutError as error:
                if error.errno is not None:  # the system's own: its probes were not answered
                    return b""
                self._alive()
                continue
            except OSError:
                piece = b""
            if not piece:
                return b""
            read += piece
        return bytes(read)


def _keep_alive(connection: socket.socket) -> None:
    """Have the system see that a connection over a network is still one: some forget those that are idle."""
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _BETWEEN)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
