"""A PEP 508 marker, an environment and extras → whether it holds there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.markers import Marker


def holds(marker: Marker | None, environment: Mapping[str, str], *, extras: Iterable[str] = ()) -> bool:
    """Whether `marker` (None: there is none) holds in `environment`, with none or any of `extras`.

    What `environment` leaves out is taken from the Python that runs this. Raises UndefinedEnvironmentName for
    a marker that asks what only lock files know.
    """
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in {"", *extras})
