"""Weight, distance and delivery window → a price in whole cents."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from libclock import Window

__all__ = ["Price", "price"]

BASE = 390
PER_KILOGRAM = Decimal(45)
PER_KILOMETRE = Decimal("3.5")
EVENING_SURCHARGE = 150
EVENING = 18


@dataclass(frozen=True, slots=True, order=True)
class Price:
    """An amount in whole cents: money has no half cents, and no floats."""

    cents: int

    def __str__(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02} EUR"

    def __add__(self, other: Price) -> Price:
        return Price(self.cents + other.cents)


def price(*, kilograms: Decimal, kilometres: Decimal, window: Window) -> Price:
    """What the delivery costs; half cents go to the even side, evenings from 18 o'clock cost more."""
    variable = (kilograms * PER_KILOGRAM + kilometres * PER_KILOMETRE).quantize(Decimal(1), ROUND_HALF_EVEN)
    surcharge = EVENING_SURCHARGE if window.start.hour >= EVENING else 0
    return Price(BASE + int(variable) + surcharge)
