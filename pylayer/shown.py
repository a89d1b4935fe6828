"""Text from anywhere → text that a terminal and a CI system show, and do nothing else with.

What a build prints, a wheel calls its members, or an index says may hold escape sequences, which move the
cursor and rename windows, and lines that a CI system takes for commands of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DECORATION = re.compile(r"\x1b\[[0-9;:]*[mK]")  # colours, and erasing the rest of a line
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # what terminals obey
    "\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069"  # what breaks a line, or has it read backwards
    "\ud800-\udfff]"  # what no encoding can write
)
# GitHub takes `::name …::` at the start of a line, and `##[name …]` anywhere; Azure Pipelines `##vso[…]` as
# well, TeamCity `##teamcity[…]`. GitLab's begin and end with what is unseen.
_COMMAND = re.compile(r"^(\s*)(?=::)|(?<=#)(?=#(?:vso|teamcity)?\[)", re.MULTILINE | re.IGNORECASE)


def block(text: str) -> str:
    r"""Show a text of several lines: what is unseen is written as `\x1b`, commands are broken by a `\`.

    Colours are left out. Where a line was written over by the next, as progress bars are, both are lines.
    """
    lines = _DECORATION.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _COMMAND.sub(r"\g<0>\\", _UNSEEN.sub(_named, lines))


def line(text: str) -> str:
    r"""Show what is to be one line, and cannot end it: a line feed in it is written as `\n`."""
    return block(text.replace("\r", "\\r").replace("\n", "\\n"))


def either(names: Sequence[str]) -> str:
    """Tell names of which one is to be chosen: `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def entry(text: str) -> str:
    """Show what may have several lines, of which none can pass for another entry: they are indented."""
    first, *rest = block(text).split("\n")
    return "\n".join([first, *(each if each.startswith("    ") else f"    {each}" for each in rest)])


def _named(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 1 << 8 else f"\\u{code:04x}"
