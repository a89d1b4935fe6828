"""Globs that a user writes → the words that they match; one that matches nothing is a mistake.

Case counts. Without any glob, every word is meant.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pylayer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_NAMED = 12


def matches(word: str, globs: Sequence[str]) -> bool:
    """Whether one of `globs` matches `word`."""
    return not globs or any(fnmatchcase(word, glob) for glob in globs)


def unmatched(words: Iterable[str], globs: Sequence[str]) -> list[str]:
    """Those of `globs` that match none of `words`."""
    known = list(words)
    return [glob for glob in globs if not any(fnmatchcase(word, glob) for word in known)]


def chosen(words: Iterable[str], globs: Sequence[str]) -> list[str]:
    """Those of `words` that one of `globs` matches, in their order, each once."""
    return [word for word in dict.fromkeys(words) if matches(word, globs)]


def faults(words: Iterable[str], globs: Sequence[str], *, kind: str, where: str = "") -> list[Fault]:
    """A fault for each of `globs` that matches no `kind` among `words`; its hint is the nearest, or some."""
    known = list(dict.fromkeys(words))
    return [
        Fault(what=f'no {kind} matches "{glob}"', where=where, hint=_hint(glob, known))
        for glob in unmatched(known, globs)
    ]


def _hint(glob: str, known: Sequence[str]) -> str:
    from pylayer.tables import suggestion

    if near := suggestion(glob, known, listed=False):
        return near
    some = sorted(known)[:_MOST_NAMED]
    return f"choose from: {', '.join(some)}{', …' if len(known) > len(some) else ''}" if some else ""
