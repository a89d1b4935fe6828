"""`pylayer sbom`: a CycloneDX document beside each archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomCommand(Command):
    """Write a CycloneDX document of what is in each archive, next to it."""

    only: tuple[str, ...] = command.only("to describe")
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Write the documents of the archives that are chosen."""
        from pylayer.commands import documents

        for written in documents.run(self.manifest or runs.nearest(Path.cwd()), only=self.only):
            lines.say(written.name)
        return 0
