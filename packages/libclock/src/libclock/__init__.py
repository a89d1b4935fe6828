"""When an order was placed → when its parcel may be delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

__all__ = ["CUT_OFF", "Window", "delivery_day", "windows"]

CUT_OFF = time(16, 0)
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which a van may ring, local time of the depot."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def delivery_day(ordered: datetime) -> date:
    """The next day that is not a Sunday; one later for an order placed at or after the cut-off."""
    day = ordered.date() + timedelta(days=1 if ordered.time() < CUT_OFF else 2)
    return day + timedelta(days=1) if day.weekday() == SUNDAY else day


def windows(day: date, *, hours: int = 2) -> tuple[Window, ...]:
    """The windows of `day` between 8 and 20 o'clock, `hours` long each."""
    opening = datetime.combine(day, time(8, 0))
    span = timedelta(hours=hours)
    return tuple(Window(opening + span * step, opening + span * (step + 1)) for step in range(12 // hours))
