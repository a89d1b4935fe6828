"""`pylayer report`: a table, JSON, or a page written to a file, about what the last build left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCommand(Command):
    """Show what is in the archives and its size, what changed, and where the last build spent its time."""

    only: tuple[str, ...] = command.only("to report on")
    against: Path | None = command.option(
        "another layers.json to compare with, or its folder (default: what the last run replaced)",
        value="PATH",
        short="a",
        default=None,
        read=command.path,
    )
    html: Path | None = command.option(
        "write it as a single page for a browser, which needs no network",
        value="FILE",
        default=None,
        read=command.path,
    )
    json: bool = command.flag("print it as JSON", short="j")
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Gather the numbers, and write them in the form that is asked for."""
        from pylayer.report import run

        path = self.manifest or runs.nearest(Path.cwd())
        told = run.of(path, only=self.only, against=self.against, note=lines.note)
        if self.html:
            from pylayer.report.page import page
            from pylayer.store import write_atomic

            write_atomic(self.html, page(told).encode())
            lines.note(f"wrote {self.html}")
        if self.json:
            import json

            from pylayer.report.data import document

            lines.say(json.dumps(document(told), indent=2, ensure_ascii=False))
        elif not self.html:
            from pylayer.report.table import table

            for line in table(told):
                lines.say(line)
        return 0
