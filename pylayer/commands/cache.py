"""`pylayer cache`: what is kept for later runs, and less of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.commands import command, runs
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import PENDING, ManifestError

if TYPE_CHECKING:
    from pylayer.config.hosting import EngineSettings
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCommand(Command):
    """Show what is kept for later runs and how large it is, and remove some of it."""

    older_than: str = command.option(
        "remove what has not been used for this long: 12h, 30d, 8w", value="AGE", short="o", default=""
    )
    larger_than: str = command.option(
        "remove what has been unused for longest, until the store is no larger than this: 500MB, 5GB",
        value="SIZE",
        short="l",
        default="",
    )
    dry_run: bool = command.flag(
        "say what would be removed, and remove nothing; exit status 20 if something would", short="d"
    )
    remote: bool = command.flag("show what the shared store of layers.toml has as well")
    manifest: Path | None = command.manifest()
    json: bool = command.json()

    def run(self, lines: Console) -> int:
        """Look at the store and at what engines keep, and bound them."""
        from pylayer.commands import upkeep
        from pylayer.engines import choose, placing
        from pylayer.state import opening

        if self.json:
            lines.for_machine("cache")
        store = opening.store(note=lines.note)
        pending, answer = upkeep.tend(
            upkeep.Limits.read(self.older_than, self.larger_than),
            store=store,
            say=lines.say,
            places=placing.every(_settings()),
            connect=lambda place: choose.connect(place, store=store),
            dry=self.dry_run,
        )
        if self.remote:
            from pylayer.config import manifest as manifests
            from pylayer.operations import sharing

            found, _ = manifests.read(self.manifest or runs.nearest(Path.cwd()))
            answer["shared"] = sharing.usage(found, say=lines.say, note=lines.note)
        status = PENDING if pending else 0
        lines.answer(status, answer)
        return status


def _settings() -> EngineSettings:
    """All engines, with the hosts that layers.toml of this folder has, if there is one."""
    from pylayer import enginetable
    from pylayer.config import manifest
    from pylayer.config.hosting import EngineSettings

    own = EngineSettings()
    with suppress(ManifestError):  # what is kept can be looked at anywhere
        own = manifest.read(manifest.find(Path.cwd()))[0].engine
    return own.chosen(enginetable.AUTO, variable=os.environ.get(envtable.DOCKER_HOSTS, ""))
