"""Groups and regions → the faults that can be known before AWS is asked anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.amounts import size_text
from pylayer.errors import Fault
from pylayer.limits import MOST_DIRECT, MOST_RUNTIMES, MOST_UNZIPPED
from pylayer.targets import load_runtimes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pylayer.publishing.template import LayerGroup


def faults(groups: Iterable[LayerGroup], *, regions: Sequence[str], folder: Path) -> list[Fault]:
    """List everything that AWS would refuse, and archives that are there, but not as layers.json says.

    `regions` are for the groups whose settings name none.
    """
    found: list[Fault] = []
    for group in groups:
        found += _archive(group, folder)
        found += _limits(group, group.settings.regions or regions)
    return found


def warnings(groups: Iterable[LayerGroup]) -> list[Fault]:
    """List what AWS takes and whoever publishes should know: runtimes that are previews."""
    known = load_runtimes()
    return [
        Fault(
            what=f"is for {name}, a preview since {since}: AWS may change it, and makes no promises",
            where=group.name,
            hint="do not use it for functions in production",
        )
        for group in groups
        for name in group.runtimes
        if name in known and (since := known[name].preview)
    ]


def absent(groups: Iterable[LayerGroup], *, folder: Path) -> list[Fault]:
    """List the archives that are not there: only what is to be uploaded has to be."""
    return [
        Fault(
            what="layers.json names it, but it is not there",
            where=str(folder / group.entry.path),
            hint="build the layer again",
        )
        for group in groups
        if not (folder / group.entry.path).is_file()
    ]


def _archive(group: LayerGroup, folder: Path) -> list[Fault]:
    entry = group.entry
    path = folder / entry.path
    if path.is_file() and (size := path.stat().st_size) != entry.size:
        what = f"has {size} bytes, but {entry.size} according to layers.json"
        return [Fault(what=what, where=str(path), hint="build the layer again")]
    return []


def _limits(group: LayerGroup, regions: Sequence[str]) -> list[Fault]:
    found: list[Fault] = []
    entry = group.entry
    if entry.unzipped_size > MOST_UNZIPPED:
        what = f"is {size_text(entry.unzipped_size)} unzipped; AWS allows a function and its layers "
        what += size_text(MOST_UNZIPPED)
        hint = "split the layer, exclude distributions, or leave its bytecode out"
        found.append(Fault(what=what, where=group.name, hint=hint))
    without = [region for region in regions if group.settings.bucket_in(region) is None]
    if entry.size > MOST_DIRECT and without:
        what = f"is {size_text(entry.size)} zipped: above {size_text(MOST_DIRECT)} it must go through S3"
        hint = f"name a bucket for {', '.join(without)}: [publish] bucket"
        found.append(Fault(what=what, where=group.name, hint=hint))
    if len(group.runtimes) > MOST_RUNTIMES:
        what = f"is for {len(group.runtimes)} runtimes; AWS allows {MOST_RUNTIMES}"
        found.append(Fault(what=what, where=group.name))
    return found
