"""A terminal for whatever draws on one, and what is seen on it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
import time
from contextlib import contextmanager

import pyte


class Terminal:
    """A terminal emulator at the other end of a pseudo-terminal."""

    def __init__(self, columns, lines):
        self.screen = pyte.Screen(columns, lines)
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.file = os.fdopen(slave, "w", encoding="utf-8")
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        while True:
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self.raw += data
            self._stream.feed(data)

    def close(self):
        self.file.close()
        self._thread.join()
        os.close(self._master)

    @property
    def shown(self):
        time.sleep(0.2)
        return [line.rstrip() for line in self.screen.display if line.strip()]


@contextmanager
def terminal(columns=100, lines=20):
    made = Terminal(columns, lines)
    try:
        yield made
    finally:
        made.close()
