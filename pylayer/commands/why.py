"""`pylayer why BUILD …`: what changed since builds were made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.answers import WhyAnswer
from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import NotBuiltError

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyCommand(Command):
    """Say what changed since a build was made, or why it was last made."""

    build: tuple[str, ...] = command.words(
        "identifiers of builds or names of layers, separated by commas; globs allowed",
        value="BUILD",
        short="b",
        read=command.listed,
    )
    engine: str = command.engine()
    remote: bool = command.flag("say which of its projects' wheels the shared store has, and by which keys")
    json: bool = command.json()
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Compare what builds were made of with what they would be made of now."""
        from pylayer.operations import reasons

        if self.json:
            lines.for_machine("why")
        path = self.manifest or runs.nearest(Path.cwd())
        found = reasons.of(path, self.build, engine=self.engine, remote=self.remote, note=lines.note)
        for told in found:
            head, *more = told.lines
            lines.say(f"{told.build}: {head}")
            for line in (*more, *told.shared):
                lines.say(line)
        status = NotBuiltError.exit_code if any(told.never_built for told in found) else 0
        lines.answer(status, WhyAnswer(builds=[told.answer for told in found]))
        return status
