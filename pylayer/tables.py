"""A TOML file → typed values, or every fault in it with its place.

A parser is a function from a TOML value to a typed one. What it refuses it raises as InvalidError, whose
places grow on the way out: `[1]`, `architectures[1]`, `layers.data.architectures[1]`. Tables and lists go
on after a bad member, so one run finds every fault.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import tomli

from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError

if TYPE_CHECKING:
    from pathlib import Path

S = TypeVar("S")
T = TypeVar("T")
K = TypeVar("K", bound=str)
F = TypeVar("F", bound=Callable[..., Any])
Parse = Callable[[Any], T]

MISSING: Any = object()
NEEDED = "must be there"  # the `default` of a key that its table cannot do without
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_FEW = 12


class InvalidError(Exception):
    """The faults of one value, with places relative to it; `partial` is what can be used all the same."""

    def __init__(self, faults: Iterable[Fault], *, partial: object = MISSING) -> None:
        super().__init__()
        self.faults = tuple(faults)
        self.partial: Any = partial


def refusal(what: str, *, hint: str = "", partial: object = MISSING) -> InvalidError:
    """One fault of a value as a whole."""
    return InvalidError([Fault(what=what, hint=hint)], partial=partial)


def document(path: Path, *, where: str) -> dict[str, Any]:
    """Read a TOML file; ManifestError where it is none, `where` naming it."""
    return parsed(content(path, where=where), where=where)


def content(path: Path, *, where: str) -> bytes:
    """Read a file; ManifestError where it cannot be read, `where` naming it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=where) from error


def parsed(content: bytes, *, where: str) -> dict[str, Any]:
    """Parse the content of a TOML file, whose byte-order mark is passed over.

    ManifestError with line and column where it is none, `where` naming the file.
    """
    try:
        return tomli.loads(content.removeprefix(BOM_UTF8).decode())
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ManifestError("is not UTF-8, as TOML must be", where=f"{where}: line {line}") from error
    except tomli.TOMLDecodeError as error:
        place = f"{where}: line {error.lineno}, column {error.colno}"
        if error.doc[error.pos :].startswith(("<<<<<<< ", "=======", ">>>>>>> ")):
            what = "has both sides of a merge, which nobody has resolved"
            raise ManifestError(
                what, where=place, hint="choose what is right, and remove the marks"
            ) from error
        raise ManifestError(f"TOML syntax: {error.msg}", where=place) from error
    except (RecursionError, ValueError) as error:  # nesting without end, a number of thousands of digits
        raise ManifestError(f"TOML beyond all bounds: {error}", where=where) from error


def take(parse: Parse[T], value: object, *, default: T, faults: list[Fault], place: str = "") -> T:
    """Parse `value`, adding what is wrong to `faults`; what can be used of it, or else `default`."""
    try:
        return parse(value)
    except InvalidError as error:
        faults.extend(under(place, error.faults))
        return default if error.partial is MISSING else error.partial


def under(place: str, faults: Iterable[Fault]) -> list[Fault]:
    """Put `place` (a key, an index in brackets, or a path of them) before the faults' own."""
    if not place:
        return list(faults)
    return [
        replace(fault, where=place + ("." if fault.where and fault.where[0] != "[" else "") + fault.where)
        for fault in faults
    ]


def in_file(file: str, faults: Iterable[Fault]) -> list[Fault]:
    """Put a file's name before the faults' places in it: `layers.toml: layers.data.architectures[1]`."""
    return [replace(fault, where=f"{file}: {fault.where}" if fault.where else file) for fault in faults]


def quoted(key: str) -> str:
    """Write a key as TOML does: `runtimes."python3.11"` holds a dot."""
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def suggestion(word: str, choices: Iterable[str], *, listed: bool = True) -> str:
    """Give a hint: the closest of `choices`, or else all of them if they are few (and to be `listed`)."""
    from difflib import get_close_matches

    known = list(choices)
    if close := get_close_matches(word, known, n=1, cutoff=0.5):
        return f'did you mean "{close[0]}"?'
    return "choose from: " + ", ".join(known) if listed and 0 < len(known) <= _FEW else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a table, which parses its value, and what docs/reference.md says of it.

    `takes` says in words which values it has, `help` in a sentence what it does, `default` what an absent key
    means, as TOML writes it or in words (empty: nothing), `see` where docs/ says more, as a link. `inside`
    are the keys of a value that is a table; `member` is what stands in its header after the key: `.NAME`, or
    `[]` for a list of tables. An `inherited` key may stand in a table of defaults as well; `formerly` is a
    name that it had.
    """

    parse: Parse[Any]
    takes: str
    help: str
    default: str = ""
    see: str = ""
    inside: Mapping[str, Key] = field(default_factory=dict)
    member: str = ""
    inherited: bool = False
    formerly: str = ""

    def __call__(self, value: object) -> Any:
        """Parse a value; see `parse`."""
        return self.parse(value)

    def shape(self) -> dict[str, Any]:
        """What `parse` takes, as JSON Schema, with what an editor shows of it."""
        default = as_value(self.default)
        words = [self.help, f"Takes: {self.takes}."]
        words += [f"Default: {self.default}."] if self.default and default is MISSING else []
        words += [f"More: docs/{self.see}"] if self.see else []
        told = {"description": "\n\n".join(words)}
        shape = shape_of(self.parse)
        if shape.get("type") == "array":  # of a list, editors show what its members are
            shape["items"] |= told
        return {**shape, **told, **({} if default is MISSING else {"default": default})}


def key(parse: Parse[Any], takes: str, help: str, **told: Any) -> dict[str, Key]:  # noqa: A002  a Key's
    """Make the metadata of a dataclass field that a TOML key of its name fills (`_` written as `-`)."""
    return {"key": Key(parse=parse, takes=takes, help=help, **told)}


@cache
def keys_of(kind: type, *, inherited: bool = False) -> Mapping[str, Key]:
    """Give the keys of a dataclass whose fields carry `key` metadata; only the inherited ones if asked.

    Where a key does not say what its absence means, its field's default does.
    """
    return {
        each.name.replace("_", "-"): replace(own, default=own.default or _as_toml(each.default))
        for each in fields(kind)
        if (own := each.metadata.get("key")) and (own.inherited or not inherited)
    }


def _as_toml(value: object) -> str:
    """Write a field's default as TOML; nothing for one that is empty."""
    return json.dumps(value, ensure_ascii=False) if value != "" and isinstance(value, (str, bool)) else ""


def as_value(text: str) -> Any:
    """Read a default that is written as TOML; MISSING where it is words."""
    try:
        return tomli.loads(f"value = {text}")["value"]
    except tomli.TOMLDecodeError:
        return MISSING


def shaped(shape: Callable[[], Mapping[str, Any]]) -> Callable[[F], F]:
    r"""Have `shape_of` know what a parser takes: never less, and more only where JSON Schema cannot say it.

    It is only asked for when a schema is written. Patterns are those of ECMA 262, whose `\w` is ASCII alone.
    """

    def marked(parse: F) -> F:
        vars(parse)["shape"] = shape
        return parse

    return marked


def shape_of(parse: Parse[Any]) -> dict[str, Any]:
    """The JSON Schema (draft 7) of what a parser takes; AttributeError for one that is not `shaped`."""
    return dict(parse.shape())  # type: ignore[attr-defined]


def renamed(kind: type, row: object, *, place: str) -> tuple[Any, list[Fault]]:
    """Give a raw table with keys under their names of today, and a notice for each that had another."""
    if not isinstance(row, dict):
        return row, []
    former = {own.formerly: name for name, own in keys_of(kind).items() if own.formerly}
    notices = [
        Fault(
            what=f"`{old}` is now called `{new}`", where=f"{place}.{old}", hint="rename it: both still work"
        )
        for old, new in former.items()
        if old in row
    ]
    # Where both are there, the old one is left for the parser, which does not know it.
    names = {old: new for old, new in former.items() if new not in row}
    return {names.get(name, name): value for name, value in row.items()}, notices


def as_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """Give a parsed table under the names of the dataclass fields that its keys fill."""
    return {name.replace("-", "_"): value for name, value in row.items()}


@shaped(lambda: {"type": "string", "pattern": r"\S"})
def string(value: object) -> str:
    """Take a string that is not empty."""
    if not isinstance(value, str):
        raise refusal(f"must be a string, not {_kind(value)}")
    if not value.strip():
        raise refusal("must not be empty")
    return value


def value_at(content: object, *keys: str) -> Any:
    """The value at a path of keys of another's file, as it stands; None where there is none."""
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


def table_at(content: object, *keys: str) -> Mapping[str, Any]:
    """The table at a path of keys of another's file; an empty one where there is none, or something else."""
    found = value_at(content, *keys)
    return found if isinstance(found, dict) else {}


@shaped(lambda: {"type": "string"})
def text(value: object) -> str:
    """Take a string, which may be empty."""
    return string(value) if value != "" else ""


@shaped(lambda: {"type": "boolean"})
def boolean(value: object) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        raise refusal(f"must be true or false, not {_kind(value)}")
    return value


def either(choices: Iterable[Any]) -> str:
    """Write a closed set of values as TOML does: `"auto" or "docker"`."""
    return " or ".join(json.dumps(choice) for choice in choices)


def one_of(choices: Mapping[Any, T]) -> Parse[T]:
    """Take one of a closed set of strings and booleans, each standing for a typed value."""
    closed = either(choices)

    @shaped(lambda: {"enum": [*choices]})
    def parse(value: object) -> T:
        if not isinstance(value, (str, bool)):
            raise refusal(f"must be {closed}, not {_kind(value)}")
        if value not in choices:
            words = [choice for choice in choices if isinstance(choice, str)]
            hint = suggestion(str(value), words, listed=False)
            raise refusal(f"must be {closed}, not {_shown(value)}", hint=hint)
        return choices[value]

    return parse


def list_of(item: Parse[T], *, distinct: bool = False, some: bool = False) -> Parse[tuple[T, ...]]:
    """Take a list; `distinct` refuses a member that is there already (as parsed), `some` an empty list."""

    @shaped(
        lambda: {
            "type": "array",
            "items": shape_of(item),
            **({"uniqueItems": True} if distinct else {}),
            **({"minItems": 1} if some else {}),
        }
    )
    def parse(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise refusal(f"must be a list, not {_kind(value)}", partial=())
        if some and not value:
            raise refusal("must not be empty", partial=())
        faults: list[Fault] = []
        members: list[T] = []
        seen: set[T] = set()
        for index, raw in enumerate(value):
            member = take(item, raw, default=MISSING, faults=faults, place=f"[{index}]")
            if member is MISSING:
                continue
            if distinct and member in seen:
                faults.append(Fault(where=f"[{index}]", what=f"{_shown(raw)} is already in the list"))
                continue
            members.append(member)
            if distinct:
                seen.add(member)
        if faults:
            raise InvalidError(faults, partial=tuple(members))
        return tuple(members)

    return parse


def made(parse: Parse[S], make: Callable[[S], T]) -> Parse[T]:
    """Make something of what `parse` takes; where it finds fault, of what can be used all the same.

    Where `make` refuses that, it is for want of what was faulty, and goes without saying. Without this,
    whoever goes on after a fault is handed what is half made.
    """

    @shaped(lambda: shape_of(parse))
    def parsed(value: object) -> T:
        try:
            taken = parse(value)
        except InvalidError as error:
            if error.partial is MISSING:
                raise
            partial = take(make, error.partial, default=MISSING, faults=[])
            raise InvalidError(error.faults, partial=partial) from error
        return make(taken)

    return parsed


def one_or_list(item: Parse[T], *, distinct: bool = False, some: bool = False) -> Parse[tuple[T, ...]]:
    """Take one, or a list of them as `list_of` does."""
    several = list_of(item, distinct=distinct, some=some)

    @shaped(lambda: {"anyOf": [shape_of(item), shape_of(several)]})
    def parse(value: object) -> tuple[T, ...]:
        if isinstance(value, list):
            return several(value)
        try:
            return (item(value),)
        except InvalidError as error:
            kept = () if error.partial is MISSING else (error.partial,)
            raise InvalidError(error.faults, partial=kept) from error

    return parse


def table_of(item: Parse[T], *, name: Parse[K] = string) -> Parse[dict[K, T]]:  # type: ignore[assignment]
    """Take a table with keys of the user's own choice, each read by `name`, and one kind of value."""

    @shaped(
        lambda: {
            "type": "object",
            "propertyNames": shape_of(name),
            "additionalProperties": shape_of(item),
        }
    )
    def parse(value: object) -> dict[K, T]:
        faults: list[Fault] = []
        row: dict[K, T] = {}
        for raw, member in _table(value).items():
            own = take(name, raw, default=MISSING, faults=faults, place=quoted(raw))
            if own is MISSING:
                continue
            parsed = take(item, member, default=MISSING, faults=faults, place=quoted(raw))
            if own in row:
                faults.append(Fault(where=quoted(raw), what=f'is "{own}" again, spelled differently'))
            elif parsed is not MISSING:
                row[own] = parsed
        if faults:
            raise InvalidError(faults, partial=row)
        return row

    return parse


def table(keys: Mapping[str, Parse[Any]], *, others: bool = False) -> Parse[dict[str, Any]]:
    """Take a table with no other keys than these; the ones that are absent are absent from the result.

    With `others`, it is somebody else's and may have keys that are left out here.
    """

    @shaped(lambda: _table_shape(keys, others=others))
    def parse(value: object) -> dict[str, Any]:
        faults: list[Fault] = []
        row: dict[str, Any] = {}
        for name, member in _table(value).items():
            if name not in keys:
                if others:
                    continue
                faults.append(Fault(where=quoted(name), what="unknown key", hint=suggestion(name, keys)))
                continue
            parsed = take(keys[name], member, default=MISSING, faults=faults, place=name)
            if parsed is not MISSING:
                row[name] = parsed
        if faults:
            raise InvalidError(faults, partial=row)
        return row

    return parse


def table_as(kind: type[T]) -> Parse[T]:
    """Take a table with the keys that a dataclass has for its fields, and make one of it."""
    keys = keys_of(kind)  # type: ignore[arg-type]  # classes are hashable
    return made(table(keys), lambda row: kind(**as_fields(row)))


def _table_shape(keys: Mapping[str, Parse[Any]], *, others: bool) -> dict[str, Any]:
    told = {name: own for name, own in keys.items() if isinstance(own, Key)}
    former = {
        own.formerly: {**shape_of(own), "description": f"Now called `{name}`.", "deprecated": True}
        for name, own in told.items()
        if own.formerly
    }
    needed = [name for name, own in told.items() if own.default == NEEDED]
    return {
        "type": "object",
        "properties": {name: shape_of(own) for name, own in keys.items()} | former,
        **({"required": needed} if needed else {}),
        "additionalProperties": others,
    }


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refusal(f"must be a table, not {_kind(value)}", partial={})
    return value


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _kind(value: object) -> str:
    """Name a TOML value's type; short ones are shown."""
    if isinstance(value, str):
        return f"the string {_shown(value)}"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "a date or time"
