"""Process groups, named on standard input → those that are left are killed once pylayer has ended, however.

Run as a program of its own by `pylayer.process`, which writes +NUMBER where a command begins and -NUMBER
where it has ended. The input's end is pylayer's: nothing else holds the pipe, and `kill -9` closes it too.
It knows the standard library alone.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Wait for the end, and end what is left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    running: set[int] = set()
    for line in sys.stdin.buffer:
        (running.add if line.startswith(b"+") else running.discard)(int(line[1:]))
    for group in running:
        with suppress(OSError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
