"""A connection that Docker has handed over as a raw one → bytes in, and the frames of two outputs out."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STDOUT = 1
STDERR = 2

_HEADER = struct.Struct(">BxxxL")
_BLOCK = 1 << 18


class Stream:
    """The input and both outputs of a container's program, or of one started in it.

    The frames are those of https://docs.docker.com/reference/api/engine/#tag/Container/operation/ContainerAttach.
    """

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  each transport of the SDK has a type of its own
        # The SDK gives a file-like wrapper for plain sockets; its `_sock` is the one that can send. The
        # wrapper is kept: when it goes, it closes the socket. So is the response that it was taken from,
        # which reads ahead of it and has to be closed first: else that is an error when it goes.
        self._wrapper = connection
        self._response = getattr(connection, "_response", None)
        self._socket = getattr(connection, "_sock", connection)
        if hasattr(self._socket, "settimeout"):
            self._socket.settimeout(None)  # a job may be silent for as long as it likes

    def send(self, chunks: Iterable[bytes]) -> None:
        """Write `chunks`, small ones together. Raises OSError when the program has ended."""
        gathered = bytearray()
        for chunk in chunks:
            gathered += chunk
            if len(gathered) >= _BLOCK:
                self._socket.sendall(gathered)
                gathered.clear()
        if gathered:
            self._socket.sendall(gathered)

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

    def _read(self, size: int) -> bytes:
        """Read `size` bytes; fewer than that, and they are not given: the connection has ended."""
        read = bytearray()
        while len(read) < size:
            try:
                piece = self._socket.recv(size - len(read))
            except OSError:
                piece = b""
            if not piece:
                return b""
            read += piece
        return bytes(read)
