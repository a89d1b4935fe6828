"""`pylayer log BUILD …`: what was done for builds in the last run, and what was printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import NotBuiltError

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCommand(Command):
    """Show the log of a build: what was done for it the last time, how long, and what programs printed."""

    build: tuple[str, ...] = command.words(
        "identifiers of builds or names of layers, separated by commas; globs allowed",
        value="BUILD",
        short="b",
        read=command.listed,
    )
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Say the log of each."""
        from pylayer.monorepo import workspace
        from pylayer.state import endings, opening

        path = self.manifest or runs.nearest(Path.cwd())
        found = workspace.load(path)
        selected = workspace.select(found.builds, (), layers=self.build)
        state = opening.glance(found.manifest.path, note=lines.note)
        missing = []
        for build in selected:
            ending = endings.recall(state, build.id)
            text = endings.log(state, ending) if ending else None
            if text is None:
                missing.append(build.id)
            else:
                lines.say(text)
        if missing:
            raise NotBuiltError.unlogged(missing)
        return 0
