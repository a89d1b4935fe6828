"""Bytes, seconds and changes → the words that a person reads, in a terminal as on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.amounts import size_text as size
from pylayer.limits import MOST_UNZIPPED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.report.comparing import Change, Moved

__all__ = [
    "LIMIT",
    "counted",
    "grown",
    "move",
    "seconds",
    "share",
    "size",
    "sizes",
    "spread",
    "targets",
    "weight",
]

LIMIT = f"{MOST_UNZIPPED >> 20} MiB"  # in the unit of everything that is measured against it
_MINUS = "\N{MINUS SIGN}"


def grown(count: int) -> str:
    """A difference of bytes: `+1.2 MiB`."""
    if count == 0:
        return "±0 B"
    return f"{'+' if count > 0 else _MINUS}{size(abs(count))}"


def share(part: float, whole: float) -> str:
    """Percents, with a digit behind the point where they are few or nearly all: `34 %`, `0.4 %`, `99.6 %`.

    What is not all is not told as if it were.
    """
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.1:
        return "<0.1 %"
    if 99 < percent < 100:
        return f"{min(percent, 99.9):.1f} %"
    if 100 < percent < 101:
        return f"{max(percent, 100.1):.1f} %"
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def seconds(count: float) -> str:
    """A duration: `1.24 s`, `38 ms`, `2 min 5 s`."""
    if count >= 60:
        return f"{count // 60:.0f} min {count % 60:.0f} s"
    if count >= 10:
        return f"{count:.1f} s"
    return f"{count:.2f} s" if count >= 0.1 else f"{count * 1000:.0f} ms"


def counted(count: int, one: str, many: str = "") -> str:
    """`1 layer`, `2 layers`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def spread(sizes: Sequence[int]) -> str:
    """The smallest and the largest of several sizes, once where they read alike."""
    low, high = size(min(sizes)), size(max(sizes))
    return high if low == high else f"{low} to {high}"


def targets(names: Sequence[str]) -> str:
    """`python3.13 arm64` and others as few words: architectures of the same runtimes together."""
    runtimes: dict[str, list[str]] = {}
    for name in sorted(names):
        runtime, _, architecture = name.partition(" ")
        runtimes.setdefault(architecture, []).append(runtime)
    together: dict[tuple[str, ...], list[str]] = {}
    for architecture, found in runtimes.items():
        together.setdefault(tuple(found), []).append(architecture)
    return "; ".join(f"{', '.join(found)} {' + '.join(each)}" for found, each in together.items())


def move(moved: Moved) -> str:
    """What became of a distribution: `numpy 2.4.5 → 2.4.6`."""
    before, after = moved.before, moved.after
    if not before or not after:
        side = before or after
        return f"{moved.name} {side.version if side else ''}".rstrip()
    if before.version == after.version:
        return f"{moved.name} {after.version}, built again"
    return f"{moved.name} {before.version} → {after.version}"


def weight(moved: Moved) -> int | None:
    """How many bytes of the zip a distribution has more than before; None where that is not known."""
    sides = [side.size if side else 0 for side in (moved.after, moved.before)]
    after, before = sides
    return None if after is None or before is None else after - before


def sizes(change: Change) -> str:
    """The archive's size before and after."""
    before, after = (size(entry.size) if entry else "" for entry in (change.before, change.after))
    if before and after:
        return f"{before} → {after} ({grown(change.grown)})"
    return f"{after} (new)" if after else f"{before} (gone)"
