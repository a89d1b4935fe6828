"""The console command `pylayer`: the tasks of `pylayer.tasks` as subcommands."""

from __future__ import annotations

from invoke.program import Program

from pylayer import __version__
from pylayer.tasks import ns


def main() -> None:
    """Run the subcommand of this process's command line."""
    Program(namespace=ns, name="pylayer", binary="pylayer", version=__version__).run()


if __name__ == "__main__":
    main()
