"""`pylayer doctor`: where each target can be built on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorCommand(Command):
    """Say where and how this machine can build each target, native code too, or what stands in the way."""

    engine: str = command.engine()
    json: bool = command.json()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Look at the machine; nothing is built."""
        from pylayer.commands import examining

        if self.json:
            lines.for_machine("doctor")
        path = self.manifest or runs.nearest(Path.cwd())
        return examining.tell(path, engine=self.engine, lines=lines)
