"""`pylayer schema`: the JSON Schema of layers.toml."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from pylayer.commands import command
from pylayer.commands.command import Command
from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from pylayer.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaCommand(Command):
    """Print the JSON Schema of layers.toml, by which editors complete, explain and check it.

    `pylayer init` writes it beside layers.toml, whose first line names it; after an upgrade of pylayer,
    `pylayer schema > layers.schema.json` writes it anew. `--of list` prints that of `list --json`.
    """

    of: str = command.option(
        "a command, of whose document (--json) the schema is printed instead", value="COMMAND", default=""
    )

    def run(self, lines: Console) -> int:
        """Print it."""
        if self.of:
            return self._of_a_document(lines)
        from pylayer.config.manifest import SCHEMA_NAME

        lines.say(resources.files("pylayer").joinpath(SCHEMA_NAME).read_text(encoding="utf-8").rstrip())
        return 0

    def _of_a_document(self, lines: Console) -> int:
        import json

        from pylayer import answerschema
        from pylayer.answers import ANSWERS
        from pylayer.tables import suggestion

        if self.of not in ANSWERS:
            hint = suggestion(self.of, [*ANSWERS])
            raise UsageError(f'no command "{self.of}" prints a document', where="--of", hint=hint)
        lines.say(json.dumps(answerschema.schema(self.of), indent=2))
        return 0
