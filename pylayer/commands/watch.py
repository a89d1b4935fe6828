"""`pylayer watch`: builds made again whenever something that they are made of changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.operations.buildrequest import BuildRequest

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCommand(Command):
    """Build, and build again whenever something changes that the builds are made of; Ctrl-C ends it."""

    only: tuple[str, ...] = command.only("to make")
    engine: str = command.engine()
    jobs: int = command.jobs()
    manifest: Path | None = command.manifest()
    locked: bool = command.locked()
    verbose: bool = command.verbose()
    quiet: bool = command.quiet()

    def run(self, lines: Console) -> int:
        """Go on until it is interrupted."""
        from pylayer.commands import watching

        detail = runs.detail(verbose=self.verbose, quiet=self.quiet)
        path = self.manifest or runs.nearest(Path.cwd())

        asked = BuildRequest(only=self.only, engine=self.engine, jobs=self.jobs, locked=self.locked)

        def build(lines: Console) -> None:
            runs.build(lines, path, asked, detail=detail)

        watching.follow(path.absolute(), build, lines=lines)
        return 0
