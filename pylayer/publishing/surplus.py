"""Requests of which it is not known whether AWS carried them out → the versions too many, deleted.

Each PublishLayerVersion makes a version. One that seems lost may be carried out after its repetition was,
when nobody looks for it any more; no plan would see what it made, which has the content that is wanted.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.publishing.cloud import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pylayer.publishing.cloud import Patience, Region, Version


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Doubt:
    """A layer of which versions above `baseline` may be there twice, or may still come.

    `baseline` is the version that stands, or the newest one that there was before something was tried.
    """

    region: str
    name: str
    baseline: int


def settle(
    doubts: Iterable[Doubt],
    regions: Mapping[str, Region],
    *,
    patience: Patience,
    say: Callable[[str], None],
) -> frozenset[Doubt]:
    """Delete each version that differs from the one before it in its number alone, and tell of it.

    Gives the doubts that are left: of regions that are not in `regions`, and where AWS refused. A region that
    cannot be reached is given up after its first failure.
    """
    left: set[Doubt] = set()
    lost: set[str] = set()
    for doubt in sorted(doubts):
        region = None if doubt.region in lost else regions.get(doubt.region)
        try:
            if region is None or not _settled(doubt, region, patience, say):
                left.add(doubt)
        except CloudError as error:
            say(f"{doubt.name}: whether {doubt.region} has duplicates is not known: {error}")
            left.add(doubt)
            if error.hopeless:
                lost.add(doubt.region)
    return frozenset(left)


def _settled(doubt: Doubt, region: Region, patience: Patience, say: Callable[[str], None]) -> bool:
    failures = []
    for number in _copies(doubt, region):
        where = f"{doubt.name}: the duplicate {number} in {doubt.region}"
        if failure := remove(region, doubt.name, number, patience=patience):
            failures.append(failure)
            say(f"{where} could not be deleted: {failure}")
        else:
            say(f"{where} was deleted")
    return not failures


def _copies(doubt: Doubt, region: Region) -> list[int]:
    """The numbers of versions that are as the one before them, from `baseline` on."""
    listed = {number for number in region.numbers(doubt.name) if number >= doubt.baseline}
    # The next one is asked for itself, in case the listing lags behind.
    numbers = sorted(listed | {max(listed, default=doubt.baseline) + 1})
    copies = []
    last: Version | None = None
    for number in numbers:
        version = region.version(doubt.name, number)
        if version is None:
            continue
        if last and replace(last, number=number, arn=version.arn) == version:
            copies.append(number)
        last = version
    return copies


def between(region: Region, name: str, *, baseline: int, made: int) -> list[int]:
    """The numbers of versions above `baseline` and below `made`, newest first. Raises CloudError."""
    numbers = {number for number in region.numbers(name) if baseline < number < made}
    # The one just before is asked for itself, in case the listing lags behind.
    return sorted(numbers | ({made - 1} if made - 1 > baseline else set()), reverse=True)


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
