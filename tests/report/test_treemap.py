"""Boxes fill the whole, each in proportion, none over another."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylayer.report.treemap import Box, squarify

WHOLE = Box(0, 0, 1000, 340)


def test_no_values_are_no_boxes():
    """Nothing to show is nothing."""
    assert squarify([], WHOLE) == []


def test_one_value_takes_the_whole():
    """Whatever it is."""
    assert squarify([7], WHOLE) == [WHOLE]


def test_the_example_of_the_paper():
    """The published layout: 6 × 4, values 6, 6, 4, 3, 2, 2, 1."""
    boxes = squarify([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))

    assert [tuple(round(side, 2) for side in box) for box in boxes[:4]] == [
        (0, 0, 3, 2),
        (0, 2, 3, 2),
        (3, 0, 1.71, 2.33),
        (4.71, 0, 1.29, 2.33),
    ]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40))
def test_areas_are_in_proportion_and_inside(values):
    """Each box has its share of the area, and lies within the whole."""
    values.sort(reverse=True)
    for value, box in zip(values, squarify(values, WHOLE), strict=True):
        assert box.width * box.height == pytest.approx(340_000 * value / sum(values), rel=1e-6, abs=1e-6)
        assert box.x >= -1e-6
        assert box.y >= -1e-6
        assert box.x + box.width <= 1000 + 1e-6
        assert box.y + box.height <= 340 + 1e-6


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=12))
def test_boxes_do_not_overlap(values):
    """But for the error of floating point."""
    boxes = squarify(sorted(values, reverse=True), WHOLE)
    for one, other in combinations(boxes, 2):
        wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
        high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
        assert min(wide, high) < 1e-6
