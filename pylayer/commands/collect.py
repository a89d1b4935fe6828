"""`pylayer collect FOLDER …`: archives that other jobs made → the output folder, to publish and verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


def _folder(word: str) -> tuple[Path, ...]:
    return (command.path(word),)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectCommand(Command):
    """Put archives that other jobs made, each with its layers.json, together in the output folder.

    Each is compared with what its layers.json says; of one build there may be no two different archives.
    """

    folder: tuple[Path, ...] = command.words(
        "folders with a layers.json, as other jobs' dist/layers were, or folders of such folders",
        value="FOLDER",
        short="f",
        read=_folder,
        completes="",
    )
    manifest: Path | None = command.manifest()

    def run(self, lines: Console) -> int:
        """Copy them, and list them in one layers.json."""
        from pylayer.commands import collecting

        path = self.manifest or runs.nearest(Path.cwd())
        collecting.collect(path, self.folder, say=lines.say)
        return 0
