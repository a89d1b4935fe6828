"""`pylayer prune`: old layer versions deleted from AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneCommand(Command):
    """Delete old versions of your layers on AWS, but never one that a function uses."""

    keep: int = command.option(
        "how many of the newest versions of each layer to keep (default: 10)",
        value="N",
        short="k",
        default=10,
        read=command.count,
    )
    layer: tuple[str, ...] = command.layer("to prune")
    region: tuple[str, ...] = command.region()
    profile: str | None = command.profile()
    dry_run: bool = command.flag(
        "print what would be deleted, and do nothing; exit status 20 if there is something to do",
        short="d",
    )
    json: bool = command.flag("print it as JSON", short="j")
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Delete all but the newest and those in use, or with `dry_run` say which those are."""
        from pylayer import publishing
        from pylayer.config import publication
        from pylayer.monorepo import workspace

        found = workspace.load(self.manifest or runs.nearest(Path.cwd()))
        outcome = publishing.prune(
            found.manifest.output,
            publication.settings(
                found.manifest.publish, {layer.name: layer.publish for layer in found.layers}
            ),
            declared=publishing.declared(found.layers),
            keep=self.keep,
            options=publishing.Options(
                layers=self.layer,
                regions=self.region,
                profile=self.profile,
                dry_run=self.dry_run,
            ),
            json=self.json,
            say=lines.say,
        )
        return outcome.exit_code
