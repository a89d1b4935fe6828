"""`pylayer plan`: wheels that are missing → the jobs of a CI system that build them at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer.commands import command, runs, systems
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.answers import PlanAnswer, ShareAnswer
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCommand(Command):
    """Print which wheels are missing, divided into shares for `pylayer wheels --share`.

    Shares take about as long as each other, by what wheels took before, and have wheels for one architecture.
    There are none where nothing is missing, and `layers` builds none of these wheels afterwards.
    """

    only: tuple[str, ...] = command.only("to plan for")
    affected_since: str = command.affected_since("to plan for")
    shards: int = command.option(
        "how many shares at most (default: as many as the work is worth)",
        value="N",
        short="s",
        default=0,
        read=command.count,
    )
    system: str = systems.system(default="")
    runner: tuple[tuple[str, str], ...] = systems.runner()
    output: Path | None = command.option(
        "also write the plan into this file, for `pylayer wheels --plan`",
        value="FILE",
        default=None,
        read=command.path,
    )
    json: bool = command.json()
    engine: str = command.engine()
    jobs: int = command.jobs()
    locked: bool = command.locked()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Look for what is missing, and divide it."""
        import json

        from pylayer.operations import wheelruns
        from pylayer.store import write_atomic, writing

        if self.json:
            lines.for_machine("plan")
        path = self.manifest or runs.nearest(Path.cwd())
        only: tuple[str, ...] | None = self.only
        if self.affected_since:
            from pylayer.operations import affected

            builds = affected.chosen(path, self.affected_since, note=lines.note, only=self.only)
            only = tuple(build.id for build in builds) or None
        found = wheelruns.plan(
            path,
            only=only,
            shards=self.shards,
            engine=self.engine,
            jobs=self.jobs,
            locked=self.locked,
            reporter=lines,
        )
        answer = found.answer(systems.runners(self.system or "github", self.runner))
        if self.output:
            text = json.dumps({"version": 1, "command": "plan", **answer}, indent=1)
            with writing(self.output):
                write_atomic(self.output, f"{text}\n".encode())
        if self.json:
            lines.answer(0, answer)
        elif self.system:
            form = {"github": of_github, "gitlab": of_gitlab}[self.system]
            systems.tell(lines, form(answer["shares"]))
        else:
            _tell(lines, answer)
        return 0


def of_github(shares: Sequence[ShareAnswer]) -> dict[str, Any]:
    """`strategy.matrix` of a workflow; where nothing is missing, `include` is empty, which it refuses."""
    return {"include": [{"name": f"{row['architecture']} {row['share']}", **row} for row in shares]}


def of_gitlab(shares: Sequence[ShareAnswer]) -> dict[str, Any]:
    """A child pipeline, whose jobs extend `.wheels` of `.gitlab/wheels.yml`; one that is empty is refused."""
    jobs: dict[str, Any] = {
        f"wheels {row['share']}": {
            "extends": ".wheels",
            "tags": [row["runner"]],
            "variables": {"WHEELS_SHARE": row["share"]},
        }
        for row in shares
    }
    if not jobs:
        return {"nothing to build": {"script": ["true"]}}
    return {"include": [{"local": ".gitlab/wheels.yml"}], **jobs}


def _tell(lines: Console, answer: PlanAnswer) -> None:
    """Print a line for each share, and what is not in any."""
    from pylayer.console import wording

    for row in answer["shares"]:
        count, took = _counted(row["wheels"]), wording.seconds(row["seconds"])
        lines.say(f"{row['share']}  {row['architecture']}  {row['runner']}  {count}, {took}")
    if left := answer["left_out"]:
        lines.note(
            f"{_counted(len(left))} no other machine could use, and `layers` builds: {', '.join(left)}"
        )
    missing = len(answer["wheels"])
    shares = len(answer["shares"])
    told = f"{_counted(missing)} to build, in {shares} share{'s' if shares != 1 else ''}"
    kept = _counted(answer["kept"])
    lines.say(f"{told}; {answer['kept']} are there" if missing else f"nothing to build: {kept} there already")


def _counted(count: int) -> str:
    return f"{count} wheel{'s' if count != 1 else ''}"
