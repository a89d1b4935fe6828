"""`pylayer publish`: dist/layers → layer versions on AWS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import PENDING

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishCommand(Command):
    """Publish what is in dist/layers but not yet on AWS: make a plan, then carry it out."""

    layer: tuple[str, ...] = command.layer("to publish")
    affected_since: str = command.affected_since("to publish, and all others of their layers,")
    region: tuple[str, ...] = command.region()
    profile: str | None = command.profile()
    dry_run: bool = command.flag(
        "print the plan, and do nothing; exit status 20 if there is something to do", short="d"
    )
    json: bool = command.flag("print the plan or the results as JSON", short="j")
    confirm: bool = command.flag("allow names to be merged and split as the plan says", short="c")
    public: bool = command.flag("allow layers that are public in layers.toml to become public", short="u")
    strict: bool = command.flag(
        "archives that are older than their sources are an error (always so where CI is set)", short="s"
    )
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Publish, or with `dry_run` only plan."""
        from pylayer.commands import publishdocument
        from pylayer.operations import publishing

        path = self.manifest or runs.nearest(Path.cwd())
        layers = self.layer
        if self.affected_since:
            from pylayer.operations import affected

            builds = affected.chosen(
                path,
                self.affected_since,
                note=lines.note,
                only=layers,
                besides=("description", "publish"),
            )
            if not builds:
                return 0
            # All of a layer: which of its builds share a version follows from their contents.
            layers = tuple(dict.fromkeys(build.layer.name for build in builds))
        report = publishing.publish(
            path,
            layers=layers,
            regions=self.region,
            profile=self.profile,
            dry_run=self.dry_run,
            confirm=self.confirm,
            public=self.public,
            strict=self.strict or envtable.in_ci(),
            reporter=publishdocument.Beside(lines) if self.json else lines,
        )
        status = runs.status_of(report.errors) or (PENDING if self.dry_run and report.pending else 0)
        if self.json:
            lines.say(publishdocument.of_report(report, status))
        return status
