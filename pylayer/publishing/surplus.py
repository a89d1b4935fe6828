"""Versions that a run made and that may be duplicates → judged by the next run, before it plans."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pylayer.publishing.cloud import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pylayer.publishing.cloud import Patience, Region


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Duplicate:
    """A version that a run made, and that one between `baseline` and it may have been a copy of before.

    That could not be found out, or the version could not be deleted.
    """

    region: str
    name: str
    version: int
    baseline: int


def settle(
    duplicates: Iterable[Duplicate],
    regions: Mapping[str, Region],
    *,
    patience: Patience,
    say: Callable[[str], None],
) -> frozenset[Duplicate]:
    """Delete what is a duplicate in one of `regions`, and tell of each; give what is left to the next run.

    They are this run's forerunner's own, of which nobody was told: `published.json` names them as such.
    """
    left = set()
    for each in sorted(duplicates):
        region = regions.get(each.region)
        if region is None:
            left.add(each)
            continue
        where = f"{each.name}: the duplicate {each.version} in {each.region}"
        try:
            if not _is_copy(each, region):
                continue
            failure = remove(region, each.name, each.version, patience=patience)
        except CloudError as error:
            failure = error
        if failure:
            left.add(each)
        say(f"{where} could not be deleted: {failure}" if failure else f"{where} was deleted")
    return frozenset(left)


def between(region: Region, name: str, *, baseline: int, made: int) -> list[int]:
    """The numbers of versions above `baseline` and below `made`, newest first. Raises CloudError."""
    numbers = {number for number in region.numbers(name) if baseline < number < made}
    # The one just before is asked for itself, in case the listing lags behind.
    return sorted(numbers | ({made - 1} if made - 1 > baseline else set()), reverse=True)


def _is_copy(duplicate: Duplicate, region: Region) -> bool:
    """Whether the version is there, and one before it that differs from it in its number alone."""
    made = region.version(duplicate.name, duplicate.version)
    if made is None:
        return False
    numbers = between(region, duplicate.name, baseline=duplicate.baseline, made=made.number)
    found = (region.version(duplicate.name, number) for number in numbers)
    return any(other and replace(other, number=made.number, arn=made.arn) == made for other in found)


def remove(region: Region, name: str, number: int, *, patience: Patience) -> CloudError | None:
    """Delete a version, as often as publishing is tried; give the last failure where it is still there."""
    failure = None
    for attempt in range(patience.attempts):
        try:
            region.remove(name, number)
        except CloudError as error:
            if error.kind == "missing":
                return None
            failure = error
            if error.kind == "denied":
                break
        else:
            return None
        time.sleep(patience.pause * 2**attempt)
    return failure
