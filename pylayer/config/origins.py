"""`[[index]]` and `exclude-newer` of layers.toml → where distributions come from, and from which time."""

from __future__ import annotations

import re
from dataclasses import field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pylayer.config.values import distribution
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault
from pylayer.names import address_problem, is_index_name
from pylayer.tables import (
    NEEDED,
    InvalidError,
    as_fields,
    boolean,
    either,
    key,
    keys_of,
    list_of,
    refusal,
    shape_of,
    shaped,
    string,
    table,
    take,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_DURATION = re.compile(r"\d{1,5} (?:hour|day|week)s?")


@shaped(lambda: {"type": "string", "pattern": r"^[A-Za-z0-9_.-]+$"})
def index_name(value: object) -> str:
    """Take the name of an index: a part of the variables that hold its credentials."""
    name = string(value)
    if not is_index_name(name):
        raise refusal(f'"{name}" cannot be the name of an index', hint="letters, digits, '-', '_' and '.'")
    return name


@shaped(lambda: {"type": "string", "pattern": r"\S"})
def address(value: object) -> str:
    """Take the address of an index, or its path relative to layers.toml; never with credentials."""
    url = string(value)
    if problem := address_problem(url):
        raise refusal(problem)
    if "://" in url and "@" in urlsplit(url).netloc:
        raise refusal(
            "holds credentials, and layers.toml is committed",
            hint="give them by UV_INDEX_<NAME>_USERNAME and _PASSWORD, netrc or the keyring instead",
        )
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexTable:
    """One `[[index]]`: `distributions` (normalised names) come from it alone.

    An `explicit` one serves nothing else; a `default` one stands in place of the public index.
    """

    name: str = field(
        default="",
        metadata=key(
            index_name,
            "letters, digits and `-_.`",
            "Its name, by which variables give its credentials.",
            default=NEEDED,
        ),
    )
    url: str = field(
        default="",
        metadata=key(
            address,
            "address, or path relative to layers.toml",
            "Where its Simple API is; never with credentials.",
            default=NEEDED,
        ),
    )
    explicit: bool = field(
        default=False,
        metadata=key(boolean, either((True, False)), "Whether it serves nothing but its `distributions`."),
    )
    default: bool = field(
        default=False,
        metadata=key(boolean, either((True, False)), "Whether it takes the place of the public index."),
    )
    distributions: tuple[str, ...] = field(
        default=(),
        metadata=key(
            list_of(distribution, distinct=True),
            "list of names",
            "What comes from it, and from nowhere else.",
        ),
    )


@shaped(lambda: {"type": "array", "items": shape_of(table(keys_of(IndexTable)))})
def index_tables(value: object) -> tuple[IndexTable, ...]:
    """Take `[[index]]`, in the order in which indexes are asked."""
    if not isinstance(value, list):
        raise refusal("must be a list of tables", hint='write [[index]], with name = "…" and url = "…"')
    faults: list[Fault] = []
    tables: list[IndexTable] = []
    none: dict[str, Any] = {}
    for number, raw in enumerate(value):
        row = take(table(keys_of(IndexTable)), raw, default=none, faults=faults, place=f"[{number}]")
        if isinstance(raw, dict):
            faults += [
                Fault(what="is missing", where=f"[{number}].{name}")
                for name in ("name", "url")
                if name not in raw
            ]
        tables.append(IndexTable(**as_fields(row)))
    faults += _contradictions(tables)
    if faults:
        raise InvalidError(faults, partial=())
    return tuple(tables)


def _contradictions(tables: list[IndexTable]) -> Iterator[Fault]:
    names: set[str] = set()
    owners: dict[str, str] = {}
    for number, index in enumerate(tables):
        if index.name and index.name in names:
            yield Fault(what=f'there is already an index "{index.name}"', where=f"[{number}].name")
        names.add(index.name)
        if index.explicit and not index.distributions:
            yield Fault(
                what="is explicit, but no distribution is to come from it",
                where=f"[{number}]",
                hint='name those that are: distributions = ["name"]',
            )
        for place, name in enumerate(index.distributions):
            if owners.setdefault(name, index.name) != index.name:
                yield Fault(
                    what=f'"{name}" already comes from the index "{owners[name]}" alone',
                    where=f"[{number}].distributions[{place}]",
                )


# A TOML date is one of its own kind: tools that check it against a schema take it for a string.
@shaped(lambda: {"type": "string", "pattern": r"^([0-9]{4}-|[0-9]{4}[0-9W]|[0-9]{1,5} (hour|day|week)s?$)"})
def exclude_newer(value: object) -> str:
    """Take a moment, as UTC writes it, or a duration before now (`7 days`).

    A date counts with the whole of its day in UTC: uv would take the day of the machine's own time zone.
    """
    if isinstance(value, str):
        if _DURATION.fullmatch(value):
            return value
        try:
            value = datetime.fromisoformat(value) if len(value) > len("2026-01-31") else _date(value)
        except ValueError:
            raise refusal(f'"{value}" is not a date or time', hint=_MOMENT) from None
    try:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise refusal("names no time zone", hint=_MOMENT)
            value = value.astimezone(UTC)
            return f"{value.replace(microsecond=0, tzinfo=None).isoformat()}Z"
        if isinstance(value, date):
            return f"{(value + timedelta(days=1)).isoformat()}T00:00:00Z"
    except OverflowError:
        raise refusal("is beyond the end, or the beginning, of the calendar", hint=_MOMENT) from None
    raise refusal("must be a date or time", hint=_MOMENT)


def _date(text: str) -> date:
    return date.fromisoformat(text)


_MOMENT = 'write 2026-01-31, 2026-01-31T12:00:00Z, or "7 days"'
