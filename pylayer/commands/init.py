"""`pylayer init`: a layers.toml for a repository that has none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class InitCommand(Command):
    """Look for packages here and in all folders below, and write a layers.toml that builds them.

    Beside it go a schema, by which editors complete and check it, and a line of .gitignore for the archives.
    No file is written over, and none but .gitignore gets lines: those for a noxfile.py or a tasks.py are
    printed. New ones are written with `--nox` and `--invoke`, or where pyproject.toml has nox or invoke among
    what it needs for development.
    """

    dry_run: bool = command.flag(
        "print layers.toml and what else would be written, and write nothing; exit status 20", short="d"
    )
    nox: bool = command.flag("write a noxfile.py, if there is none")
    invoke: bool = command.flag("write a tasks.py, if there is none")

    def run(self, lines: Console) -> int:
        """Look, write and tell."""
        from pylayer.commands import starting

        return starting.run(Path.cwd(), dry=self.dry_run, nox=self.nox, invoke=self.invoke, lines=lines)
