"""Duplicates that a run made and could not delete → deleted by the next one, before it plans."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pylayer.publish.cloud import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pylayer.publish.cloud import Patience, Region


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Duplicate:
    """A version that a run made although another has its content, and that could not be deleted."""

    region: str
    name: str
    version: int


def settle(
    duplicates: Iterable[Duplicate],
    regions: Mapping[str, Region],
    *,
    patience: Patience,
    say: Callable[[str], None],
) -> frozenset[Duplicate]:
    """Delete what is in one of `regions`, and tell of each; give what is still there.

    They are this run's forerunner's own and nobody was told of them: `published.json` names them as such.
    """
    left = set()
    for each in sorted(duplicates):
        failure = None
        if (region := regions.get(each.region)) is not None:
            failure = remove(region, each.name, each.version, patience=patience)
            what = f"could not be deleted: {failure}" if failure else "was deleted"
            say(f"{each.name}: the duplicate {each.version} in {each.region} {what}")
        if region is None or failure:
            left.add(each)
    return frozenset(left)


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
