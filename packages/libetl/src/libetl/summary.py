"""Readings → what the morning report says of a van's day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libexample
import numpy as np

from libetl.readings import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One day: metres per second, degrees Celsius, and the library that worked it out."""

    readings: int
    mean_speed: float
    top_speed: float
    coldest: float
    made_by: str


def summarise(readings: Sequence[Reading]) -> Summary:
    """Sum up `readings` (at least one); each is worth the time until the next, the last one nothing."""
    if not readings:
        raise ValueError("a summary needs at least one reading")
    ordered = sorted(readings, key=lambda reading: reading.at)
    speeds = np.array([reading.speed for reading in ordered])
    moments = np.array([reading.at.timestamp() for reading in ordered])
    spans = np.diff(moments, append=moments[-1])
    about = libexample.information()
    return Summary(
        readings=len(ordered),
        mean_speed=float(np.average(speeds, weights=spans) if spans.any() else speeds.mean()),
        top_speed=float(speeds.max()),
        coldest=min(reading.temperature for reading in ordered),
        made_by=f"{about['name']} {about['version']}",
    )
