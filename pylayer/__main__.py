"""The console command `pylayer`."""

from __future__ import annotations

import sys

from pylayer.commandline.program import main as run


def main() -> None:
    """Do what this process's command line asks for."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
