"""`pylayer publish`: dist/layers → layer versions on AWS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.commands import command, runs
from pylayer.commands.command import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.console import Console
    from pylayer.errors import Fault
    from pylayer.monorepo.workspace import Workspace


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
        from pylayer import publishing
        from pylayer.config import publication
        from pylayer.monorepo import workspace

        path = self.manifest or runs.nearest(Path.cwd())
        layers = self.layer
        if self.affected_since:
            from pylayer.commands import affected

            builds = affected.chosen(
                lines, self.affected_since, manifest=path, only=layers, besides=("description", "publish")
            )
            if not builds:
                return 0
            # All of a layer: which of its builds share a version follows from their contents.
            layers = tuple(dict.fromkeys(build.layer.name for build in builds))
        found = workspace.load(path)
        stale = self._stale(found, layers, lines)
        outcome = publishing.run(
            found.manifest.output,
            publication.settings(
                found.manifest.publish,
                {layer.name: layer.publish for layer in found.layers},
                signers=found.manifest.provenance.keys,
            ),
            declared=publishing.declared(found.layers),
            options=publishing.Options(
                layers=layers,
                regions=self.region,
                profile=self.profile,
                dry_run=self.dry_run,
                json=self.json,
                confirm=self.confirm,
                public=self.public,
            ),
            say=lines.say,
            revision=lambda: publishing.revision(found.manifest.root),
            stale=stale,
        )
        return outcome.exit_code

    def _stale(self, found: Workspace, layers: Sequence[str], lines: Console) -> list[Fault]:
        """Tell which layers have archives older than their sources; PublishError where that is an error."""
        from pylayer import selection
        from pylayer.archives import catalogue
        from pylayer.commands import staleness
        from pylayer.errors import PublishError
        from pylayer.state import opening

        listed = catalogue.read(found.manifest.output / catalogue.NAME)
        wanted = selection.chosen(layers, {build.id: build.layer.name for build in found.builds})
        builds = [build for build in found.builds if build.id in wanted]
        with opening.opened(found.manifest, note=lines.note) as state:
            judged = staleness.of(found, state, listed=listed, builds=builds)
        faults = judged.faults(builds)
        if faults and (self.strict or envtable.in_ci()):
            raise PublishError.of(faults)
        for fault in faults:
            lines.warn(fault)
        if count := len(judged.unknown):
            counted = "1 archive was" if count == 1 else f"{count} archives were"
            lines.note(
                f"{counted} not made by the last build here: nothing tells whether sources changed since"
            )
        return faults
