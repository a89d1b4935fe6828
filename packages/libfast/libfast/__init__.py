"""Vans' telemetry → distances driven and frames proven whole; the loops are in C."""

from __future__ import annotations

from libfast._speed import crc32c, haversine

__all__ = ["crc32c", "haversine", "track_length"]


def track_length(points: list[tuple[float, float]]) -> float:
    """Metres along `points` (latitude, longitude in degrees), as the crow flies from each to the next."""
    return sum(haversine(*start, *end) for start, end in zip(points, points[1:], strict=False))
