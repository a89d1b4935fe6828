"""Which sdist is built where one may be."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from factories import there
from factories.resolving import add, python

from pylayer.errors import ResolveError
from pylayer.resolver.sdists import cutoff, sdist


@pytest.fixture
def index(desk):
    """An index with sdists of three versions, one in both forms, and a newer wheel."""
    index = desk.index()
    for name in ("thing-1.0.tar.gz", "thing-2.0.zip", "thing-2.0.tar.gz", "thing-3.0a1.tar.gz"):
        (index.folder / name).write_bytes(name.encode())
    add(index, "thing", "4.0")
    return index


@pytest.mark.parametrize(
    ("requirement", "constraints", "expected"),
    [
        ("Thing[extra]", (), "thing-2.0.tar.gz"),
        ("thing<2", (), "thing-1.0.tar.gz"),
        ("thing", ("thing<2", "other>9"), "thing-1.0.tar.gz"),
        ("thing", ("thing<2; python_version > '3.12'",), "thing-2.0.tar.gz"),
        ("thing>=3.0a0", (), "thing-3.0a1.tar.gz"),
    ],
)
def test_picks_the_newest_sdist_that_will_do(desk, index, requirement, constraints, expected):
    """A prerelease only where it is asked for, and a .tar.gz rather than a .zip."""
    pin = sdist(requirement, python=python(), settings=desk.settings(index), constraints=constraints)
    assert (expected, hashlib.sha256(expected.encode()).hexdigest(), f"{index.root}/files/{expected}") == (
        pin.filename,
        pin.sha256,
        pin.url,
    )
    assert ["/simple/thing/"] == index.paths()


def test_says_that_there_is_none(desk, index):
    """With the newest that there is."""
    with pytest.raises(ResolveError) as error:
        sdist("thing>5", python=python(), settings=desk.settings(index))
    assert ("thing>5 has no sdist for it", "its newest sdist is 3.0a1", "python3.11-x86_64") == (
        error.value.faults[0].what,
        error.value.faults[0].hint,
        error.value.faults[0].where,
    )


@pytest.mark.parametrize(("moment", "found"), [("2024-02-29", True), ("2024-02-28T23:00:00Z", False)])
def test_takes_nothing_that_was_uploaded_later(desk, index, moment, found):
    """Everything on this index was at noon on 2024-02-29."""
    if found:
        assert sdist("thing", python=python(), settings=desk.settings(index), exclude_newer=moment)
    else:
        with pytest.raises(ResolveError):
            sdist("thing", python=python(), settings=desk.settings(index), exclude_newer=moment)


@pytest.mark.parametrize("text", ["7 days", "1 week", "168 hours", "P7D", "P1W"])
def test_counts_a_duration_from_now_back(text):
    """As uv reads it."""
    expected = datetime.now(UTC) - timedelta(days=7)
    assert abs(there(cutoff(text)) - expected) < timedelta(minutes=1)


def test_refuses_what_is_no_date():
    """With examples of what is one."""
    with pytest.raises(ResolveError, match="soon"):
        cutoff("soon")
