"""Feature flags of Parcelwise: environment variables → what is switched on."""

from __future__ import annotations

import os
from collections.abc import Mapping

__version__ = "0.9.0"
__all__ = ["enabled", "switched_on"]

PREFIX = "PARCELWISE_FLAG_"


def enabled(flag: str, environ: Mapping[str, str] | None = None) -> bool:
    """Whether `flag` is on: `night-rates` is read from PARCELWISE_FLAG_NIGHT_RATES."""
    values = os.environ if environ is None else environ
    return values.get(PREFIX + flag.upper().replace("-", "_"), "").lower() in {"1", "on", "true", "yes"}


def switched_on(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Every flag that is on, in alphabetical order."""
    values = os.environ if environ is None else environ
    flags = (
        name.removeprefix(PREFIX).lower().replace("_", "-") for name in values if name.startswith(PREFIX)
    )
    return tuple(sorted(flag for flag in flags if enabled(flag, values)))
