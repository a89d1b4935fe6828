"""Numbers read well."""

from __future__ import annotations

import pytest

from pylayer.report import words
from pylayer.report.comparing import Moved, Side


@pytest.mark.parametrize(
    ("count", "expected"), [(0, "±0 B"), (1, "+1 B"), (-2048, "\N{MINUS SIGN}2.0 KiB"), (3 << 20, "+3.0 MiB")]
)
def test_differences_have_signs(count, expected):
    """Growth, loss, and neither."""
    assert words.grown(count) == expected


@pytest.mark.parametrize(
    ("part", "expected"), [(0, "0.0 %"), (1, "<0.1 %"), (123, "1.2 %"), (3456, "35 %"), (10000, "100 %")]
)
def test_shares_have_a_digit_where_they_are_small(part, expected):
    """Of ten thousand."""
    assert words.share(part, 10000) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0.0004, "0 ms"), (0.0384, "38 ms"), (1.239, "1.24 s"), (12.34, "12.3 s"), (125.0, "2 min 5 s")],
)
def test_durations(count, expected):
    """As many digits as one cares for."""
    assert words.seconds(count) == expected


def test_targets_are_told_in_few_words():
    """Architectures of the same runtimes stand together, others apart."""
    names = ["python3.11 x86_64", "python3.13 arm64", "python3.13 x86_64"]

    assert words.targets(names[1:]) == "python3.13 arm64 + x86_64"
    assert words.targets(names) == "python3.11, python3.13 x86_64; python3.13 arm64"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, Side(version="2"), "numpy 2"),
        (Side(version="1"), None, "numpy 1"),
        (Side(version="1"), Side(version="2"), "numpy 1 → 2"),
        (Side(version="1"), Side(version="1"), "numpy 1, built again"),
    ],
    ids=["added", "removed", "changed", "rebuilt"],
)
def test_moves(before, after, expected):
    """Each in its words."""
    assert words.move(Moved(name="numpy", before=before, after=after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(None, 5, 5), (5, None, -5), (5, 7, 2)],
)
def test_what_a_distribution_weighs_more(before, after, expected):
    """A side that is not there weighs nothing."""
    sides = [Side(version="1", size=size) if size else None for size in (before, after)]

    assert words.weight(Moved(name="numpy", before=sides[0], after=sides[1])) == expected


def test_unknown_weights_are_not_guessed():
    """Where one side was never weighed."""
    move = Moved(name="numpy", before=Side(version="1"), after=Side(version="2", size=7))

    assert words.weight(move) is None
