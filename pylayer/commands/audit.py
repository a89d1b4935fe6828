"""`pylayer audit`: pip-audit's word on what layers.lock holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCommand(Command):
    """Check the versions in layers.lock for known vulnerabilities, with pip-audit, and for yanked ones."""

    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Have every locked version judged."""
        from pylayer.commands import auditing

        auditing.run(self.manifest or runs.nearest(Path.cwd()), say=lines.say)
        return 0
