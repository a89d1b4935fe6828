"""Globs that must match something."""

from __future__ import annotations

import pytest

from pylayer.globs import chosen, faults, matches, unmatched

WORDS = ("etl-python3.13-arm64", "etl-python3.13-x86_64", "web-python3.13-arm64")


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        ((), WORDS),
        (("etl-*",), WORDS[:2]),
        (("web-*", "*-arm64"), (WORDS[0], WORDS[2])),
        (("ETL-*",), ()),
        (("etl-python3.13-arm6[45]",), WORDS[:1]),
    ],
)
def test_any_glob_is_enough_and_none_means_all(globs, expected):
    """Case counts, on every system."""
    assert list(expected) == chosen(WORDS, globs)
    assert set(expected) == {word for word in WORDS if matches(word, globs)}


def test_each_glob_that_matches_nothing_is_told_with_the_nearest():
    """All of them at once."""
    found = faults(WORDS, ["etl-*", "wep-python3.13-arm64", "x"], kind="build", where="--only")
    assert ["wep-python3.13-arm64", "x"] == unmatched(WORDS, ["etl-*", "wep-python3.13-arm64", "x"])
    assert [
        ('no build matches "wep-python3.13-arm64"', "--only", f'did you mean "{WORDS[2]}"?'),
        ('no build matches "x"', "--only", f"choose from: {', '.join(WORDS)}"),
    ] == [(fault.what, fault.where, fault.hint) for fault in found]


def test_of_very_many_only_some_are_named():
    """A hint is to be read."""
    (fault,) = faults([f"layer-{number}" for number in range(99)], ["?"], kind="layer")
    assert fault.hint.endswith(", …")
    assert len(fault.hint) < 200


def test_nothing_is_known():
    """Then there is nothing to name."""
    (fault,) = faults([], ["a"], kind="layer")
    assert not fault.hint
