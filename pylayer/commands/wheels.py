"""`pylayer wheels`: the wheels that are missing, or a share of them, for the builds of another machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from pylayer.console import Console


def _share(word: str) -> tuple[int, int]:
    number, slash, of = word.partition("/")
    if slash and all(part.isascii() and part.isdigit() for part in (number, of)):
        share = int(number), int(of)
        if 1 <= share[0] <= share[1]:
            return share
    raise ValueError("is not a share such as 2/8")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelsCommand(Command):
    """Build the wheels that are missing, or a share of them, and add them to the shared store.

    With `--plan`, a share is what `pylayer plan` says; without it, projects are divided by their names.
    """

    only: tuple[str, ...] = command.only("whose wheels to build")
    share: tuple[int, int] | None = command.option(
        "which share of how many to build, such as 2/8 (default: all)",
        value="I/N",
        short="s",
        default=None,
        read=_share,
    )
    plan: Path | None = command.option(
        "the file that `pylayer plan --output` wrote, which says what is in a share",
        value="FILE",
        short="p",
        default=None,
        read=command.path,
    )
    first: bool = command.flag("only wheels that builds of others need; before `pylayer plan`", short="f")
    json: bool = command.json()
    engine: str = command.engine()
    jobs: int = command.jobs()
    locked: bool = command.locked()
    offline: bool = command.offline()
    workers: str | bool = command.workers()
    verbose: bool = command.verbose()
    quiet: bool = command.quiet()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Build what is missing."""
        from pylayer.commands import endanswers
        from pylayer.operations import wheelruns

        if self.plan and (self.first or self.only):
            other = "--first" if self.first else "--only"
            raise UsageError(f"--plan and {other} exclude each other", hint="the plan says what to build")
        if self.json:
            lines.for_machine("wheels")
        path = self.manifest or runs.nearest(Path.cwd())
        lines.detail = runs.detail(verbose=self.verbose, quiet=self.quiet)
        lines.root = path.absolute().parent
        report = wheelruns.make(
            path,
            only=self.only,
            share=self.share,
            planned=self.plan,
            first=self.first,
            engine=self.engine,
            jobs=self.jobs,
            locked=self.locked,
            offline=self.offline,
            workers=command.workers_asked(self.workers),
            reporter=lines,
        )
        lines.summary(report.outcomes, seconds=report.seconds)
        status = runs.status(report.outcomes, strict=envtable.in_ci())
        answer = endanswers.of_report(report)
        lines.answer(status, {name: answer[name] for name in ("seconds", "builds")})
        return status
