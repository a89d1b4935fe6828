"""JSON lines from a van → Readings; a line that is not one is refused with pydantic's reasons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Reading(BaseModel):
    """What one van measured at one moment: metres per second and degrees Celsius."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    van: Annotated[str, Field(min_length=1)]
    at: datetime
    speed: Annotated[float, Field(ge=0, lt=70)]
    temperature: Annotated[float, Field(ge=-60, le=80)]


def parse(lines: Iterable[str]) -> list[Reading]:
    """Read one JSON object a line; empty lines are left out. Raises pydantic.ValidationError."""
    return [Reading.model_validate_json(line) for line in lines if line.strip()]
