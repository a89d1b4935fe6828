"""`pylayer layers`: every layer of layers.toml, or the builds that `--only` chooses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersCommand(Command):
    """Build every layer of layers.toml for all its targets."""

    only: tuple[str, ...] = command.only("to make")
    affected_since: str = command.affected_since("to make")
    engine: str = command.engine()
    jobs: int = command.jobs()
    manifest: Path | None = command.manifest()
    strict: bool = command.flag(
        "builds skipped for want of Docker are an error, as they are where CI is set", short="s"
    )
    locked: bool = command.locked()
    verify_outputs: bool = command.verify_outputs()
    dry_run: bool = command.flag(
        "say what would be built and why, and build nothing; exit status 20 if anything would", short="d"
    )
    json: bool = command.json()
    verbose: bool = command.verbose()
    quiet: bool = command.quiet()

    def run(self, lines: Console) -> int:
        """Build what is chosen."""
        if self.json:
            lines.for_machine("layers")
        only = self.only
        if self.affected_since:
            from pylayer.commands import affected

            builds = affected.chosen(lines, self.affected_since, manifest=self.manifest, only=only)
            if not builds:
                lines.answer(0, {"dry_run": self.dry_run, "seconds": 0.0, "builds": []})
                return 0
            only = tuple(build.id for build in builds)
        if self.dry_run:
            from pylayer.commands import foretelling

            path = self.manifest or runs.nearest(Path.cwd())
            return foretelling.tell(lines, path, only=only, names=())
        return runs.build(
            lines,
            manifest=self.manifest,
            only=only,
            engine=self.engine,
            jobs=self.jobs,
            strict=self.strict,
            locked=self.locked,
            verify_outputs=self.verify_outputs,
            detail=runs.detail(verbose=self.verbose, quiet=self.quiet),
        )
