"""The console command `pylayer`."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from functools import partial

from pylayer.commandline.program import main as run

_COLLECTED_AFTER = 50_000  # objects, in place of 700


def main() -> None:
    """Do what this process's command line asks for."""
    # Modules, and what a run knows, stay until it ends: looking among them often finds nothing.
    gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])
    statuses: list[int] = []
    atexit.register(partial(_leave, statuses))  # first, to be called last
    statuses.append(run(sys.argv[1:]))
    sys.exit(statuses[0])


def _leave(statuses: list[int]) -> None:
    """End the process as it is, once threads have ended and what is to be cleaned up is: its objects may go.

    Not where something else than a status ended it, or what was printed cannot be written: Python tells that.
    """
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return
    if statuses:
        os._exit(statuses[0])


if __name__ == "__main__":
    main()
