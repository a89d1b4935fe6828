"""`pylayer clean`: what builds left in the output folder → gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import PENDING

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanCommand(Command):
    """Remove what builds left in the output folder, and nothing else that is there; `cache` has the store.

    What goes is what layers.json lists, as it says that it is, and what pylayer wrote beside it.
    """

    dry_run: bool = command.flag(
        "say what would be removed, and remove nothing; exit status 20 if something would", short="d"
    )
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Remove it, and say what."""
        from pylayer.commands import tidying

        path = self.manifest or runs.nearest(Path.cwd())
        pending = tidying.clean(path, say=lines.say, note=lines.note, dry=self.dry_run)
        return PENDING if pending and self.dry_run else 0
