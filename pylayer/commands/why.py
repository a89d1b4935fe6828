"""`pylayer why BUILD …`: what changed since builds were made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.errors import NotBuiltError

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyCommand(Command):
    """Say what changed since a build was made, or why it was last made."""

    build: tuple[str, ...] = command.words(
        "identifiers of builds or names of layers, separated by commas; globs allowed",
        value="BUILD",
        short="b",
        read=command.listed,
    )
    engine: str = command.engine()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Compare what builds were made of with what they would be made of now."""
        from pylayer.commands import reasons

        path = self.manifest or runs.nearest(Path.cwd())
        unbuilt = reasons.tell(path, self.build, engine=self.engine, say=lines.say, note=lines.note)
        return NotBuiltError.exit_code if unbuilt else 0
