"""A type of plain data → what takes a JSON value as it, or refuses one of another shape.

Known are strings (all, some as `Literal`, or Sha256), whole numbers, floats, booleans, None, Any, unions,
tuples (JSON's lists), `dict[str, …]`, and TypedDicts of those. A table with a key too many has another shape
as well: another version wrote it.
"""

from __future__ import annotations

from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NewType,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[Any], Any]

Sha256 = NewType("Sha256", str)
"""64 hex digits, in lower case."""

_HEX = frozenset("0123456789abcdef")
_PLAIN: dict[type, frozenset[type]] = {
    str: frozenset({str}),
    int: frozenset({int}),  # a boolean is none
    float: frozenset({float, int}),  # JSON may write a whole one without a point
    bool: frozenset({bool}),
    NoneType: frozenset({NoneType}),
}


@cache
def reader(shape: Any) -> Reader:  # noqa: ANN401  any form of type
    """What turns a JSON value into one of the type `shape`; it raises ValueError for another."""
    if shape in _PLAIN:
        return _plain(_PLAIN[shape])
    if shape in _OWN:
        return _OWN[shape]
    return _table(shape) if is_typeddict(shape) else _generic(get_origin(shape), get_args(shape))


def _generic(origin: Any, of: tuple[Any, ...]) -> Reader:  # noqa: ANN401  as above
    if origin is Literal:
        return _one_of(frozenset(of))
    if origin in {Union, UnionType}:
        *others, last = (reader(inner) for inner in of)
        return _optional(others[0]) if of[1:] == (NoneType,) else _either([*others, last])
    if origin is tuple and of[1:] == (...,):
        return _many(of[0])
    if origin is tuple:
        return _row([reader(inner) for inner in of])
    if origin is dict and of[0] is str:
        return _mapping(reader(of[1]))
    raise TypeError(origin)


def _plain(kinds: frozenset[type]) -> Reader:
    def read(value: object) -> object:
        if type(value) not in kinds:
            raise ValueError(value)
        return value

    return read


def _anything(value: object) -> object:
    return value


def _sha256(value: object) -> object:
    if not isinstance(value, str) or len(value) != 64 or not _HEX.issuperset(value):
        raise ValueError(value)
    return value


_OWN: dict[Any, Reader] = {Any: _anything, Sha256: _sha256}


def _one_of(words: frozenset[str]) -> Reader:
    def read(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            raise ValueError(value)
        return value

    return read


def _optional(some: Reader) -> Reader:
    def read(value: object) -> object:
        return None if value is None else some(value)

    return read


def _either(choices: list[Reader]) -> Reader:
    def read(value: object) -> object:
        for choice in choices[:-1]:
            try:
                return choice(value)
            except ValueError:
                continue
        return choices[-1](value)

    return read


def _many(member: Any) -> Reader:  # noqa: ANN401  as above
    if kinds := _PLAIN.get(member):

        def read_plain(value: object) -> object:
            # Tens of thousands of these are in a snapshot: no call for each member.
            if not isinstance(value, list | tuple) or not kinds.issuperset(map(type, value)):
                raise ValueError(value)
            return tuple(value)

        return read_plain
    one = reader(member)

    def read(value: object) -> object:
        return tuple([one(member) for member in _listed(value)])

    return read


def _row(members: list[Reader]) -> Reader:
    def read(value: object) -> object:
        listed = _listed(value)
        if len(listed) != len(members):
            raise ValueError(value)
        return tuple([one(member) for one, member in zip(members, listed, strict=True)])

    return read


def _mapping(member: Reader) -> Reader:
    def read(value: object) -> object:
        # JSON's own keys are strings always; of what is to be written they are looked at.
        if not isinstance(value, dict) or not {str}.issuperset(map(type, value)):
            raise ValueError(value)
        return {name: member(item) for name, item in value.items()}

    return read


def _table(shape: type) -> Reader:
    fields = {name: reader(hint) for name, hint in get_type_hints(shape).items()}

    def read(value: object) -> object:
        if not isinstance(value, dict) or value.keys() != fields.keys():
            raise ValueError(value)
        return {name: read(value[name]) for name, read in fields.items()}

    return read


def _listed(value: object) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(value)  # noqa: TRY004  it is the value of a file that is wrong
    return value
