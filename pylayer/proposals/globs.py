"""The folders that are wanted → the fewest globs of `packages` that match these, and no others."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pylayer.monorepo.discovery import matched

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_FEWEST = 2  # folders that a glob with a star stands for
_MAGIC = re.compile(r"[*?[]")


def globs_for(root: Path, wanted: Collection[str], *, others: Collection[str]) -> list[str]:
    """Give globs; one that takes back a folder of the `others`, which are projects as well, has a `!`.

    A glob may match no folder that is neither: layers.toml would be refused for it.
    """
    left = set(wanted)
    chosen: list[str] = []
    # Of those that one folder alone suggests, none could stand for several.
    suggested = Counter(glob for place in wanted for glob in _starred(place))
    candidates = {glob: {*matched(root, glob)} for glob, count in suggested.items() if count >= _FEWEST}
    fitting = {
        glob: (hits & left, hits - {*wanted})
        for glob, hits in candidates.items()
        if hits - {*wanted} <= {*others}
    }
    while fitting:
        # Of those that match as many, the one with fewer stars, and those to the right, says more.
        best = max(
            fitting,
            key=lambda glob: (len(fitting[glob][0] & left), -glob.count("*"), glob.rindex("*"), glob),
        )
        hits, extra = fitting.pop(best)
        if len(hits & left) < _FEWEST or len(extra) * 2 > len(hits):
            continue
        chosen.append(best)
        chosen += [f"!{_plain(place)}" for place in sorted(extra)]
        left -= hits
    return [*_in_order(chosen), *map(_plain, sorted(left))]


def is_nameable(place: str) -> bool:
    """Whether a glob can name a folder: its path is text, without backslashes."""
    return place.isprintable() and "\\" not in place


def _in_order(chosen: list[str]) -> Iterator[str]:
    """Those that take back last: they hold for all."""
    yield from sorted(glob for glob in chosen if not glob.startswith("!"))
    yield from sorted({glob for glob in chosen if glob.startswith("!")})


def _starred(place: str) -> Iterator[str]:
    """A folder with one part of its path as a star, or two that are not its first."""
    parts = list(map(_escaped, place.split("/")))
    for index in range(len(parts)) if place != "." else ():
        one = [*parts[:index], "*", *parts[index + 1 :]]
        yield "/".join(one)
        for other in range(1, index):
            yield "/".join([*one[:other], "*", *one[other + 1 :]])


def _plain(place: str) -> str:
    written = _escaped(place)
    return f"./{written}" if written.startswith("!") else written


def _escaped(part: str) -> str:
    return _MAGIC.sub(r"[\g<0>]", part)
