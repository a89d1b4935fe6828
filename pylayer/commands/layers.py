"""`pylayer layers`: every layer of layers.toml, or the builds that `--only` chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.commands import command
from pylayer.commands.building import BuildingCommand
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersCommand(BuildingCommand):
    """Build every layer of layers.toml for all its targets."""

    strict: bool = command.flag(
        "builds skipped for want of Docker are an error, as they are where CI is set", short="s"
    )

    def run(self, lines: Console) -> int:
        """Build what is chosen."""
        return self.build(lines, name="layers", strict=self.strict)
