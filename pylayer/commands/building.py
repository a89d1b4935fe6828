"""What the commands that build have in common: their options → builds, or what would be built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.operations.buildrequest import BuildRequest

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingCommand(Command):
    """A command that builds what its options choose."""

    only: tuple[str, ...] = command.only("to make")
    affected_since: str = command.affected_since("to make")
    engine: str = command.engine()
    jobs: int = command.jobs()
    manifest: Path | None = command.manifest()
    locked: bool = command.locked()
    verify_outputs: bool = command.verify_outputs()
    offline: bool = command.offline()
    listing: bool = command.flag("bring layers.json up to date, and write no archive that is known already")
    workers: str | bool = command.workers()
    dry_run: bool = command.flag(
        "say what would be built and why, and build nothing; exit status 20 if anything would", short="d"
    )
    json: bool = command.json()
    verbose: bool = command.verbose()
    quiet: bool = command.quiet()

    def build(self, lines: Console, *, name: str, layers: tuple[str, ...] = (), strict: bool) -> int:
        """Build, for the command called `name`, what is chosen of some `layers` (none: of all)."""
        if self.json:
            lines.for_machine(name)
        path = self.manifest or runs.nearest(Path.cwd())
        if self.dry_run:
            from pylayer.commands import foretelling

            return foretelling.tell(
                lines, path, only=self.only, names=layers, affected_since=self.affected_since
            )
        only = self.only
        if self.affected_since:
            from pylayer.operations import affected

            builds = affected.chosen(path, self.affected_since, note=lines.note, only=only, names=layers)
            if not builds:
                lines.answer(0, {"dry_run": False, "seconds": 0.0, "builds": []})
                return 0
            only = tuple(build.id for build in builds)
        asked = BuildRequest(
            only=only,
            layers=layers,
            engine=self.engine,
            jobs=self.jobs,
            locked=self.locked,
            verify_outputs=self.verify_outputs,
            offline=self.offline,
            listing=self.listing,
            workers=command.workers_asked(self.workers),
        )
        detail = runs.detail(verbose=self.verbose, quiet=self.quiet)
        return runs.build(lines, path, asked, strict=strict, detail=detail)
