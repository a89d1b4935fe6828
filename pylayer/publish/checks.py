"""Groups and regions → the faults that can be known before AWS is asked anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import Fault
from pylayer.publish.deliver import DIRECT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pylayer.publish.template import LayerGroup

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
UNZIPPED_LIMIT = 250 * 1024 * 1024
RUNTIMES_LIMIT = 15

_MEBIBYTE = 1024 * 1024


def faults(groups: Iterable[LayerGroup], *, regions: Sequence[str], folder: Path) -> list[Fault]:
    """List everything that AWS would refuse, and archives that are not as layers.json says.

    `regions` are for the groups whose settings name none.
    """
    found: list[Fault] = []
    for group in groups:
        found += _archive(group, folder)
        found += _limits(group, group.settings.regions or regions)
    return found


def _archive(group: LayerGroup, folder: Path) -> list[Fault]:
    entry = group.entry
    where, hint = str(folder / entry.path), "build the layer again"
    try:
        size = (folder / entry.path).stat().st_size
    except OSError:
        return [Fault(what="layers.json names it, and it is not there", where=where, hint=hint)]
    if size != entry.size:
        what = f"has {size} bytes, and {entry.size} in layers.json"
        return [Fault(what=what, where=where, hint=hint)]
    return []


def _limits(group: LayerGroup, regions: Sequence[str]) -> list[Fault]:
    found: list[Fault] = []
    entry = group.entry
    if entry.unzipped_size > UNZIPPED_LIMIT:
        what = (
            f"has {entry.unzipped_size / _MEBIBYTE:.1f} MiB unzipped; Lambda takes 250, all layers together"
        )
        hint = "split the layer, exclude distributions, or leave its bytecode out"
        found.append(Fault(what=what, where=group.name, hint=hint))
    without = [region for region in regions if group.settings.bucket_in(region) is None]
    if entry.size > DIRECT_LIMIT and without:
        what = f"has {entry.size / _MEBIBYTE:.1f} MiB zipped; over 50 must go by S3"
        hint = f"name a bucket for {', '.join(without)}: [publish] bucket"
        found.append(Fault(what=what, where=group.name, hint=hint))
    if len(group.runtimes) > RUNTIMES_LIMIT:
        what = f"is for {len(group.runtimes)} runtimes; AWS takes {RUNTIMES_LIMIT}"
        found.append(Fault(what=what, where=group.name))
    return found
