"""`pylayer matrix`: builds → the jobs of a CI system that make them at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer.commands import command, runs, systems
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pylayer.commands.shards import Shard
    from pylayer.config.layers import Build
    from pylayer.console import Console

_BY = ("architecture", "runtime", "layer", "build")


def _ways(word: str) -> tuple[str, ...]:
    ways = command.listed(word)
    if unknown := [way for way in ways if way not in _BY]:
        raise ValueError(f'has "{unknown[0]}", which is not one of {", ".join(_BY)}')
    return ways


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCommand(Command):
    """Print the jobs that make builds on several machines at once, as GitHub's matrix or GitLab's pipeline.

    Each has builds for `pylayer layers --only`, and as much to do as the others, by what builds took before.
    """

    only: tuple[str, ...] = command.only("to divide")
    affected_since: str = command.affected_since("to divide")
    shards: int = command.option(
        "how many jobs at most; with --by, for each of what it names (default: 1)",
        value="N",
        short="s",
        default=1,
        read=command.count,
    )
    by: tuple[str, ...] = command.option(
        f"what is never together in a job, any of {', '.join(_BY)}; repeatable",
        value="WHAT",
        short="b",
        default=(),
        read=_ways,
        many=True,
        completes=_BY,
    )
    system: str = systems.system(default="github")
    runner: tuple[tuple[str, str], ...] = systems.runner()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Divide what is chosen."""
        from pylayer.commands.shards import divided
        from pylayer.monorepo import workspace
        from pylayer.state import durations, opening

        path = self.manifest or runs.nearest(Path.cwd())
        found = workspace.load(path)
        if self.affected_since:
            from pylayer.operations import affected

            selected = affected.chosen(path, self.affected_since, note=lines.note, only=self.only)
        else:
            selected = workspace.select(found.builds, self.only)
        store = opening.store(note=lines.note)
        rows = divided(
            selected, by=self.by, shards=self.shards, took=lambda build: durations.recall(store, build)
        )
        if len(rows) > systems.MOST[self.system]:
            raise UsageError(
                f"{len(rows)} jobs are more than {self.system} takes at once ({systems.MOST[self.system]})",
                where="matrix",
                hint="divide by less, or use --shards alone",
            )
        runners = systems.runners(self.system, self.runner)
        form = {"github": of_github, "gitlab": of_gitlab}[self.system]
        systems.tell(lines, form(rows, found.builds, runners))
        return 0


def of_github(rows: Sequence[Shard], every: Iterable[Build], runners: Mapping[str, str]) -> dict[str, Any]:
    """`strategy.matrix` of a workflow; where there is nothing to do, `include` is empty, which it refuses."""
    every = tuple(every)
    return {
        "include": [
            {
                "name": row.name,
                "only": row.only(every),
                "architectures": ",".join(row.architectures),
                "runner": runners[row.architectures[0]],
                "builds": len(row.builds),
                "seconds": row.seconds,
            }
            for row in rows
        ]
    }


def of_gitlab(rows: Sequence[Shard], every: Iterable[Build], runners: Mapping[str, str]) -> dict[str, Any]:
    """A child pipeline, whose jobs extend `.layers` of `.gitlab/layers.yml`; one that is empty is refused."""
    every = tuple(every)
    jobs: dict[str, Any] = {
        f"layers {row.name}": {
            "extends": ".layers",
            "tags": [runners[row.architectures[0]]],
            "variables": {"LAYERS_ONLY": row.only(every)},
        }
        for row in rows
    }
    if not jobs:
        return {"nothing to build": {"script": ["true"]}}
    return {"include": [{"local": ".gitlab/layers.yml"}], **jobs}
