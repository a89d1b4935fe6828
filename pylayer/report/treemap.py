"""Values → rectangles that fill a rectangle, each as square as can be.

The algorithm is that of Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000): rows are laid along the
shorter side, and one is closed when a further value would make its worst rectangle more oblong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Box(NamedTuple):
    """A rectangle in whatever unit the whole has."""

    x: float
    y: float
    width: float
    height: float


def squarify(values: Sequence[float], within: Box) -> list[Box]:
    """A box for each value (all above zero, the largest first), its area in proportion."""
    boxes: list[Box] = []
    total, rest, left = sum(values), within, list(values)
    while left:
        side = min(rest.width, rest.height)
        scale = rest.width * rest.height / total if total else 0.0
        count = _row(left, side=side, scale=scale)
        taken = sum(left[:count])
        thickness = taken * scale / side if side else 0.0
        boxes += _laid(left[:count], rest, thickness)
        rest = _without(rest, thickness)
        total -= taken
        left = left[count:]
    return boxes


def _row(values: Sequence[float], *, side: float, scale: float) -> int:
    """How many of `values` make the best row along `side`."""
    worst = float("inf")
    for count in range(1, len(values) + 1):
        now = _oblong(values[:count], side=side, scale=scale)
        if now > worst:
            return count - 1
        worst = now
    return len(values)


def _oblong(row: Sequence[float], *, side: float, scale: float) -> float:
    """The ratio of sides of the row's worst box."""
    area = sum(row) * scale
    if not area or not side:
        return float("inf")
    return max(side**2 * row[0] * scale / area**2, area**2 / (side**2 * row[-1] * scale))


def _laid(row: Sequence[float], within: Box, thickness: float) -> list[Box]:
    total, boxes = sum(row), []
    x, y, width, height = within
    for value in row:
        part = value / total
        if width >= height:
            boxes.append(Box(x, y, thickness, within.height * part))
            y += within.height * part
        else:
            boxes.append(Box(x, y, within.width * part, thickness))
            x += within.width * part
    return boxes


def _without(box: Box, thickness: float) -> Box:
    if box.width >= box.height:
        return Box(box.x + thickness, box.y, max(box.width - thickness, 0.0), box.height)
    return Box(box.x, box.y + thickness, box.width, max(box.height - thickness, 0.0))
