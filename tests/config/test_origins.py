"""What layers.toml says of indexes and of time is read, or refused with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pylayer.config.origins import IndexTable, exclude_newer, index_tables
from pylayer.tables import InvalidError

CORP = {"name": "corp", "url": "https://index.example/simple"}


def places(value):
    """Parse tables that are wrong; where and what."""
    with pytest.raises(InvalidError) as caught:
        index_tables(value)
    return [(fault.where, fault.what) for fault in caught.value.faults]


def test_indexes_keep_their_order():
    """It is the one in which they are asked."""
    rows = [
        {**CORP, "explicit": True, "distributions": ["Corp_SDK"]},
        {"name": "b", "url": "../wheels", "default": True},
    ]

    assert (
        IndexTable(name="corp", url=CORP["url"], explicit=True, distributions=("corp-sdk",)),
        IndexTable(name="b", url="../wheels", default=True),
    ) == index_tables(rows)


@pytest.mark.parametrize(
    ("rows", "where", "what"),
    [
        ([{"url": "x"}], "[0].name", "is missing"),
        ([{"name": "a"}], "[0].url", "is missing"),
        ([{**CORP, "user": "x"}], "[0].user", "unknown key"),
        ([{**CORP, "name": "a b"}], "[0].name", '"a b" cannot be the name of an index'),
        ([CORP, CORP], "[1].name", 'there is already an index "corp"'),
        ([{**CORP, "explicit": True}], "[0]", "is explicit, but no distribution is to come from it"),
        (
            [{**CORP, "distributions": ["a"]}, {**CORP, "name": "b", "distributions": ["A"]}],
            "[1].distributions[0]",
            '"a" already comes from the index "corp" alone',
        ),
        (
            [{**CORP, "url": "https://me:secret@index.example/"}],
            "[0].url",
            "holds credentials, and layers.toml is committed",
        ),
    ],
)
def test_what_is_wrong_with_an_index_is_told(rows, where, what):
    """With its place."""
    assert (where, what) in places(rows)


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (date(2026, 1, 31), "2026-02-01T00:00:00Z"),
        ("2026-01-31", "2026-02-01T00:00:00Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2))), "2026-01-31T10:00:00Z"),
        ("7 days", "7 days"),
    ],
)
def test_a_moment_is_one_in_utc(value, moment):
    """The same on every machine; a day counts as a whole."""
    assert moment == exclude_newer(value)


@pytest.mark.parametrize("value", ["soon", "2026-13-01", 7, datetime(2026, 1, 31, 12)])  # noqa: DTZ001
def test_what_is_no_moment_is_refused(value):
    """A local time too: it is another moment on another machine."""
    with pytest.raises(InvalidError):
        exclude_newer(value)
