"""`pylayer lock`: layers.lock brought up to date."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pylayer import envtable
from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import PENDING

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class LockCommand(Command):
    """Bring layers.lock up to date: resolve what is stale, and keep everything else."""

    upgrade: tuple[str, ...] | Literal[True] = command.option(
        "upgrade all distributions, or only those named, separated by commas",
        value="NAMES",
        short="u",
        default=(),
        read=command.listed,
        bare=True,
    )
    locked: bool = command.flag("only check that layers.lock is up to date", short="l")
    dry_run: bool = command.flag(
        "say what would change, and leave layers.lock as it is; exit status 20 if something would",
        short="d",
    )
    json: bool = command.json()
    engine: str = command.engine()
    jobs: int = command.jobs()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Resolve what is stale."""
        from pylayer.activity import Activity
        from pylayer.commands import locking

        if self.json:
            lines.for_machine("lock")
        started = time.perf_counter()
        activity = Activity(note=lines.note)
        with lines.following(activity):
            ended = locking.run(
                self.manifest or runs.nearest(Path.cwd()),
                engine=self.engine,
                jobs=self.jobs,
                locked=self.locked,
                upgrade=() if self.upgrade is True else self.upgrade,
                upgrade_all=self.upgrade is True,
                dry=self.dry_run,
                reporter=lines,
                activity=activity,
            )
        lines.skipped(ended.outcomes)
        lines.total(ended.told, seconds=time.perf_counter() - started)
        status = runs.status(ended.outcomes, strict=envtable.in_ci()) or (PENDING if ended.pending else 0)
        lines.answer(status, ended.answer)
        return status
