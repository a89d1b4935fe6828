"""A postcode → the depot that delivers there; the table is made from zones.csv when the wheel is built."""

from __future__ import annotations

from bisect import bisect_right

from libzones._table import ZONES

__all__ = ["depot"]


def depot(postcode: str) -> str:
    """The depot that delivers to a five-digit postcode. Raises LookupError where none does."""
    number = int(postcode)
    place = bisect_right(ZONES, number, key=lambda zone: zone[0]) - 1
    if place < 0 or number > ZONES[place][1]:
        raise LookupError(f"no depot delivers to {postcode}")
    return ZONES[place][2]
