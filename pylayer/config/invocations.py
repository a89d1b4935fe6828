"""`invoke` of a layer in layers.toml → which handler is run with which event when the layer is verified."""

from __future__ import annotations

import json
import re
from typing import Any

from pylayer.config.values import environment
from pylayer.dataclassing import dataclass
from pylayer.tables import NEEDED, Key, as_fields, made, refusal, shaped, string, table

_HANDLER = re.compile(r"[\w./-]+\.[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke:
    """A handler, as AWS writes it (`package.module.function`), and what it is to make of an event.

    `event` is JSON as text. `expect` too, or None where any answer will do; of an object only the keys that
    it names are compared. `env` are the function's variables.
    """

    handler: str
    event: str = "{}"
    expect: str | None = None
    env: tuple[tuple[str, str], ...] = ()


def _invoke(row: dict[str, Any]) -> Invoke:
    if "handler" not in row:
        raise refusal("names no handler", hint='write handler = "package.module.function"')
    return Invoke(**as_fields(row))


@shaped(lambda: {"type": "string", "pattern": r"^[^\s.]+(\.[^\s.]+)*$"})
def module_name(value: object) -> str:
    """Take the name of a module, with dots."""
    name = string(value)
    if not all(part.isidentifier() for part in name.split(".")):
        raise refusal(f'"{name}" is not the name of a module', hint='write it as "package.module"')
    return name


@shaped(lambda: {"type": "string", "pattern": r"^\S+\.[^\s./]+$"})
def _handler(value: object) -> str:
    name = string(value)
    if not _HANDLER.fullmatch(name):
        raise refusal(f'"{name}" is not a handler', hint='write it as "package.module.function"')
    return name


@shaped(dict)  # whatever TOML has
def _json(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except TypeError as error:
        raise refusal(
            "holds a date or time, which JSON does not have", hint="write it as a string"
        ) from error
    except ValueError as error:
        raise refusal("holds inf or nan, which JSON does not have", hint="write it as a string") from error


KEYS: dict[str, Key] = {
    "handler": Key(
        parse=_handler,
        takes="`package.module.function`",
        help="The handler, as AWS names it.",
        default=NEEDED,
    ),
    "event": Key(parse=_json, takes="any value that JSON has", help="What it is called with.", default="{}"),
    "expect": Key(
        parse=_json,
        takes="any value that JSON has",
        help="What it has to answer; of a table, only the keys that are there are compared.",
        default="any answer",
    ),
    "env": Key(
        parse=environment, takes="table of name = text", help="Environment variables of the function."
    ),
}
invocation = made(table(KEYS), _invoke)
