"""`pylayer verify`: archives tried as Lambda would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyCommand(Command):
    """Import what is in the archives, and run handlers, as Lambda would, in the runtime's own image."""

    only: tuple[str, ...] = command.only("to verify")
    affected_since: str = command.affected_since("to verify")
    engine: str = command.engine()
    again: bool = command.flag("also try archives that worked before and have not changed", short="a")
    json: bool = command.json()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Try what is chosen, and its sets of layers."""
        from pylayer.commands import trying

        if self.json:
            lines.for_machine("verify")
        path = self.manifest or runs.nearest(Path.cwd())
        only = self.only
        if self.affected_since:
            from pylayer.operations import affected

            builds = affected.chosen(
                path, self.affected_since, note=lines.note, only=only, besides=("imports", "invoke")
            )
            if not builds:
                lines.answer(0, {"tried": []})
                return 0
            only = tuple(build.id for build in builds)
        return trying.run(lines, path, only=only, engine=self.engine, again=self.again)
