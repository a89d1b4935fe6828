"""The console command `pylayer`."""

from __future__ import annotations

import gc
import sys

from pylayer.commandline.program import main as run

_COLLECTED_AFTER = 50_000  # objects, in place of 700


def main() -> None:
    """Do what this process's command line asks for."""
    # Modules, and what a run knows, stay until it ends: looking among them often finds nothing.
    gc.set_threshold(_COLLECTED_AFTER, *gc.get_threshold()[1:])
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
