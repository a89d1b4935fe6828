"""`pylayer schema`: the JSON Schema of layers.toml."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from pylayer.commands.command import Command

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaCommand(Command):
    """Print the JSON Schema of layers.toml, by which editors complete, explain and check it.

    `pylayer init` writes it beside layers.toml, whose first line names it; after an upgrade of pylayer,
    `pylayer schema > layers.schema.json` writes it anew.
    """

    def run(self, lines: Console) -> int:
        """Print it."""
        from pylayer.config.manifest import SCHEMA_NAME

        lines.say(resources.files("pylayer").joinpath(SCHEMA_NAME).read_text(encoding="utf-8").rstrip())
        return 0
