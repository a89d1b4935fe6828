"""`pylayer build-layer NAME …`: layers by name, without leniency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.commands import command
from pylayer.commands.building import BuildingCommand
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildLayerCommand(BuildingCommand):
    """Build the layers that you name; it is an error if one of them cannot be built."""

    name: tuple[str, ...] = command.words(
        "names of layers or identifiers of builds, separated by commas; globs allowed",
        value="NAME",
        short="n",
        read=command.listed,
    )
    only: tuple[str, ...] = command.only("to make, of these")
    affected_since: str = command.affected_since("to make, of these,")

    def run(self, lines: Console) -> int:
        """Build what is named."""
        return self.build(lines, name="build-layer", layers=self.name, strict=True)
