"""Sizes of an archive, or of several used together → AWS's limits and the user's budgets, near and over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.amounts import size_text
from pylayer.limits import MOST_DIRECT, MOST_LAYERS, MOST_UNZIPPED
from pylayer.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pylayer.checks.contents import ArchiveContents

_NEAR = 0.9
_HEAVIEST = 5


def check(contents: ArchiveContents, *, budget: int | None = None) -> Iterator[Problem]:
    """The archive's own size against AWS's limits and `budget` (unzipped bytes)."""

    def heaviest() -> str:
        return f"heaviest: {_listed(contents.weights())}"  # which asks every member: only where it is told

    unzipped, name = contents.unzipped_size, contents.name
    if unzipped > MOST_UNZIPPED:
        what = f"is {size_text(unzipped)} unzipped; AWS allows a function and its layers "
        what += size_text(MOST_UNZIPPED)
        yield Problem(kind="size", severity="error", where=name, what=what, hint=heaviest())
    elif unzipped > MOST_UNZIPPED * _NEAR:
        what = f"is {size_text(unzipped)} unzipped: that leaves {size_text(MOST_UNZIPPED - unzipped)}"
        what += " for the function and its other layers"
        yield Problem(kind="size", severity="warning", where=name, what=what, hint=heaviest())
    if contents.size > MOST_DIRECT:
        what = f"is {size_text(contents.size)} zipped: above {size_text(MOST_DIRECT)} it must be uploaded"
        what += " through S3"
        yield Problem(kind="size", severity="warning", where=name, what=what, hint=heaviest())
    if budget is not None:
        yield from _against(budget, unzipped, name, heaviest)


def check_together(name: str, layers: Sequence[ArchiveContents], *, budget: int) -> Iterator[Problem]:
    """The layers of set `name` against its `budget` (unzipped bytes of all of them)."""
    if len(layers) > MOST_LAYERS:
        what = f"has {len(layers)} layers; a function can have {MOST_LAYERS}"
        yield Problem(kind="size", severity="error", where=name, what=what)
    weights = [(f"{layer.name}: {owner}", weight) for layer in layers for owner, weight in layer.weights()]
    weights.sort(key=lambda item: -item[1])
    by_layer = _listed([(layer.name, layer.unzipped_size) for layer in layers])
    total = sum(layer.unzipped_size for layer in layers)
    hint = f"layers: {by_layer}; heaviest: {_listed(weights)}"
    yield from _against(budget, total, name, lambda: hint)


def _against(budget: int, total: int, name: str, heaviest: Callable[[], str]) -> Iterator[Problem]:
    if total > budget:
        what = f"is {size_text(total)} unzipped, {size_text(total - budget)} over its budget of "
        what += size_text(budget)
        yield Problem(kind="budget", severity="error", where=name, what=what, hint=heaviest())
    elif total > budget * _NEAR:
        what = f"is {size_text(total)} unzipped, near its budget of {size_text(budget)}"
        yield Problem(kind="budget", severity="warning", where=name, what=what, hint=heaviest())


def _listed(weights: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {size_text(weight)}" for name, weight in list(weights)[:_HEAVIEST])
