"""`pylayer list`: what there is, and what of it is up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class ListCommand(Command):
    """List layers, their projects and targets, and of each build whether it is fresh, or why it is not.

    Neither an engine nor a network is asked.
    """

    only: tuple[str, ...] = command.only("to list")
    affected_since: str = command.affected_since("to list")
    json: bool = command.json()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Look at what the last run left, and at the sources as they are now."""
        from pylayer.commands import listing
        from pylayer.operations import planning

        if self.json:
            lines.for_machine("list")
        path = self.manifest or runs.nearest(Path.cwd())
        plan = planning.plan(path, only=self.only, affected_since=self.affected_since, reporter=lines)
        if self.json:
            lines.answer(0, listing.answer(plan.builds))
        else:
            lines.table(listing.table(plan.builds))
        return 0
