"""A requirement or a marker (PEP 508), an environment and extras → whether it holds there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pylayer.errors import ResolveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.markers import Marker
    from packaging.requirements import Requirement


@cache
def required(text: str) -> Requirement:
    """Parse a requirement, once in a run: the layers of a monorepo have most of theirs in common.

    Raises InvalidRequirement, also for what is written as PEP 508 says, but holds for no version and in no
    environment, such as `x>=9…9` of more digits than Python reads, or `python_version ~= 'a'`; or is on no
    address, such as `https://[`.
    """
    from urllib.parse import urlsplit

    from packaging.requirements import InvalidRequirement, Requirement

    requirement = Requirement(text)
    try:
        requirement.specifier.contains("1")
        holds(requirement.marker, {})
        urlsplit(requirement.url or "")
    except (ResolveError, ValueError) as error:
        raise InvalidRequirement(str(error)) from error
    return requirement


def readable(texts: Iterable[str]) -> list[Requirement]:
    """The requirements of others, without those that cannot be read, such as `pytz (>dev)`."""
    from packaging.requirements import InvalidRequirement

    found = []
    for text in texts:
        try:
            found.append(required(text))
        except InvalidRequirement:  # the resolver reads them in its way, or has refused them
            continue
    return found


def holds(marker: Marker | None, environment: Mapping[str, str], *, extras: Iterable[str] = ()) -> bool:
    """Whether `marker` (None: there is none) holds in `environment`, with none or any of `extras`.

    What `environment` leaves out is taken from the Python that runs this. Raises UndefinedEnvironmentName for
    a marker that asks what only lock files know, ResolveError for one that compares what cannot be compared.
    """
    if marker is None:
        return True
    from packaging.markers import UndefinedEnvironmentName

    try:
        return any(marker.evaluate({**environment, "extra": extra}) for extra in {"", *extras})
    except UndefinedEnvironmentName:
        raise
    except ValueError as error:  # UndefinedComparison, or what Python says of a version of 4,301 digits
        raise ResolveError(
            f"a marker cannot be decided: {error}",
            where=_cut(str(marker)),
            hint="compare versions with versions, and texts with `==`, `!=` or `in`",
        ) from error


def may_hold(marker: str, environment: Mapping[str, str], *, extras: Iterable[str] = ()) -> bool:
    """Whether a marker as it is written holds; an empty one does, and one that cannot be read or decided."""
    if not marker:
        return True
    from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName

    try:
        return holds(Marker(marker), environment, extras=extras)
    except (InvalidMarker, UndefinedEnvironmentName, ResolveError):
        return True


def _cut(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]}..."
