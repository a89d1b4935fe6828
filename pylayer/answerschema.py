"""The types of documents for machines → their JSON Schemas, and the rows of their page."""

from __future__ import annotations

import inspect
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from pylayer.answers import ANSWERS, Envelope, ErrorAnswer

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def schema(command: str) -> dict[str, Any]:
    """The JSON Schema of what a command of ANSWERS prints.

    A reader must allow for further keys, which a later pylayer may add without another `version`. What is not
    in the envelope is missing where an error ended the command.
    """
    kinds: dict[str, type] = {}
    envelope, own = _table(Envelope, kinds), _table(ANSWERS[command], kinds)
    return {
        "$schema": _DIALECT,
        "title": f"pylayer {command} --json",
        "description": _words(ANSWERS[command]),
        "type": "object",
        "properties": {
            **envelope["properties"],
            "command": {"const": command},
            **own["properties"],
        },
        "required": envelope["required"],
        "dependentRequired": dict.fromkeys(own["required"], own["required"]),
        "$defs": _definitions(kinds),
    }


def tables(command: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """The types of a command's document, from the outermost on: names, what they are, keys with types."""
    todo: list[type] = [ANSWERS[command]]
    seen: set[type] = {ErrorAnswer}
    while todo:
        shape = todo.pop(0)
        if shape not in seen:
            seen.add(shape)
            yield shape.__name__, _words(shape), rows(shape)
            named: dict[str, type] = {}
            _table(shape, named)
            todo += named.values()


def rows(shape: type) -> list[tuple[str, str]]:
    """The keys of a type, and the types of these in words."""
    return [(name, _told(hint)) for name, hint in get_type_hints(shape).items()]


def _definitions(kinds: dict[str, type]) -> dict[str, Any]:
    """The schemas of all types that are named, and of those that these name."""
    made: dict[str, Any] = {}
    while left := kinds.keys() - made.keys():
        for name in sorted(left):
            shape = kinds[name]
            made[name] = {"description": _words(shape), **_table(shape, kinds)}
    return made


def _table(shape: type, kinds: dict[str, type]) -> dict[str, Any]:
    hints = get_type_hints(shape)
    return {
        "type": "object",
        "properties": {name: _value(hint, kinds) for name, hint in hints.items()},
        "required": list(hints),
    }


def _value(hint: Any, kinds: dict[str, type]) -> dict[str, Any]:  # noqa: ANN401  any form of type
    if hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if is_typeddict(hint):
        kinds[hint.__name__] = hint
        return {"$ref": f"#/$defs/{hint.__name__}"}
    of = get_args(hint)
    if get_origin(hint) is Literal:
        return {"enum": list(of)}
    if get_origin(hint) in {Union, UnionType}:
        return {"anyOf": [_value(each, kinds) for each in of]}
    if get_origin(hint) is list:
        return {"type": "array", "items": _value(of[0], kinds)}
    raise TypeError(hint)


def _told(hint: Any) -> str:  # noqa: ANN401  as above
    """A type in words."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_typeddict(hint):
        return str(hint.__name__)
    of = get_args(hint)
    if get_origin(hint) is Literal:
        return " or ".join(f"`{each}`" for each in of)
    if get_origin(hint) is list:
        return f"list of {_told(of[0])}"
    return " or ".join(_told(each) for each in of)


def _words(shape: type) -> str:
    return " ".join(inspect.cleandoc(shape.__doc__ or "").split())
