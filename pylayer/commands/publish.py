"""`pylayer publish`: dist/layers → layer versions on AWS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishCommand(Command):
    """Publish what is in dist/layers but not yet on AWS: make a plan, then carry it out."""

    layer: tuple[str, ...] = command.layer("to publish")
    region: tuple[str, ...] = command.region()
    profile: str | None = command.profile()
    dry_run: bool = command.flag(
        "print the plan, and do nothing; exit status 20 if there is something to do", short="d"
    )
    json: bool = command.flag("print the plan or the results as JSON", short="j")
    confirm: bool = command.flag("allow names to be merged and split as the plan says", short="c")
    public: bool = command.flag("allow layers that are public in layers.toml to become public", short="u")
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Publish, or with `dry_run` only plan."""
        from pylayer import publish
        from pylayer.config import publication
        from pylayer.monorepo import workspace

        found = workspace.load(self.manifest or runs.nearest(Path.cwd()))
        outcome = publish.run(
            found.manifest.output,
            publication.settings(
                found.manifest.publish, {layer.name: layer.publish for layer in found.layers}
            ),
            declared=publish.declared(found.layers),
            options=publish.Options(
                layers=self.layer,
                regions=self.region,
                profile=self.profile,
                dry_run=self.dry_run,
                json=self.json,
                confirm=self.confirm,
                public=self.public,
            ),
            say=lines.say,
            revision=lambda: publish.revision(found.manifest.root),
        )
        return outcome.exit_code
