"""The output of a build that failed → what it says of the project itself, whichever compiler was asked.

Two ways of building that complain about the same thing leave no hope for a third.
"""

from __future__ import annotations

import re
from posixpath import normpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# gcc, clang and Meson; Cython, which has no word for it; rustc; CMake. Each names a file.
_PLACES = (
    re.compile(r"^(?P<file>[^\s:][^:\n]*):\d+(?::\d+)?: (?:fatal )?error:", re.MULTILINE | re.IGNORECASE),
    re.compile(r"^(?P<file>[^\s:][^:\n]*\.p(?:yx|xd|y)):\d+:\d+: ", re.MULTILINE),
    re.compile(r"^error(?:\[\w+\])?: .*\n *--> (?P<file>[^:\n]+):\d+", re.MULTILINE),
    re.compile(r"^CMake Error at (?P<file>[^:\n]+):\d+", re.MULTILINE),
)
# The line that ends a traceback.
_RAISED = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)+(?P<line>\w.*)$", re.MULTILINE)


def complaints(log: str, *, own: Collection[str]) -> frozenset[str]:
    """What a build that failed said: the files `own` to the project that have errors, and what it raised.

    Lines are not compared: where a semicolon is missing, gcc names the line after that of clang.
    """
    raised = [match["line"].strip() for match in _RAISED.finditer(log)]
    named = {match["file"].strip() for place in _PLACES for match in place.finditer(log)}
    return frozenset([*(name for text in named for name in _own(text, own)), *raised[-1:]])


def _own(text: str, own: Collection[str]) -> Sequence[str]:
    """The file of the project that a compiler calls `text`: by its whole path, or seen from some folder."""
    path = normpath(text)
    while path.startswith("../"):
        path = path.removeprefix("../")
    if ends := [name for name in own if f"/{path}".endswith(f"/{name}")]:
        return [max(ends, key=len)]
    return [name for name in own if name.endswith(f"/{path}")]
