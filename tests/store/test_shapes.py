"""JSON values are taken as the type that they should have, or refused."""

from typing import Any, Literal, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pylayer.store.kinds import SNAPSHOT, VERDICT
from pylayer.store.shapes import Sha256, reader


class Point(TypedDict):
    x: int
    note: str | None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        (str, "a", "a"),
        (int, 1, 1),
        (float, 1, 1),
        (bool, True, True),
        (Any, {"a": [1]}, {"a": [1]}),
        (str | None, None, None),
        (Literal["error", "warning"], "error", "error"),
        (Sha256, "0f" * 32, "0f" * 32),
        (tuple[int, ...], [1, 2], (1, 2)),
        (tuple[int, ...], [], ()),
        (tuple[str | None, ...], ["a", None], ("a", None)),
        (tuple[tuple[str, int], ...], [["a", 1], ["b", 2]], (("a", 1), ("b", 2))),
        (dict[str, tuple[int, ...] | None], {"a": [1], "b": None}, {"a": (1,), "b": None}),
        (Point, {"x": 1, "note": None}, {"x": 1, "note": None}),
        (tuple[Point, ...], [{"x": 1, "note": "a"}], ({"x": 1, "note": "a"},)),
    ],
)
def test_a_value_of_the_shape_is_taken(shape, value, expected):
    """Lists come as tuples."""
    assert reader(shape)(value) == expected


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (str, 1),
        (int, True),
        (int, 1.0),
        (float, "1"),
        (bool, 1),
        (str | None, 1),
        (Literal["error", "warning"], "note"),
        (Literal["error", "warning"], ["error"]),
        (Sha256, "0f" * 31),
        (tuple[int, ...], "12"),
        (tuple[int, ...], [1, "2"]),
        (tuple[int, ...], [True]),
        (tuple[tuple[str, int], ...], [["a"]]),
        (tuple[tuple[str, int], ...], ["a1"]),
        (dict[str, int], [["a", 1]]),
        (dict[str, int], {"a": "1"}),
        (dict[str, int], {1: 1}),
        (Point, {"x": 1}),
        (Point, {"x": 1, "note": None, "y": 2}),
        (Point, [1, None]),
    ],
)
def test_a_value_of_another_shape_is_refused(shape, value):
    """A missing key and one too many are other shapes as well."""
    with pytest.raises(ValueError):
        reader(shape)(value)


@given(JSON)
def test_any_json_is_taken_or_refused(value):
    """Nothing else is raised."""
    for kind in (SNAPSHOT, VERDICT):
        with pytest.raises(ValueError):
            kind.read(value)
