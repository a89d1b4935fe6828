"""Glob patterns over the paths of a tree → a test of a path, by gitignore's rules without negation.

https://git-scm.com/docs/gitignore#_pattern_format
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Matches = Callable[[str, bool], bool]


def ignored(patterns: Sequence[str]) -> Matches:
    """Give a test of (posix path relative to the tree, whether it is a folder).

    A pattern with a slash before its end counts from the tree's root, one without at any depth; a slash at
    the end makes it match folders alone.
    """
    folders = _any_of(patterns)
    files = _any_of([pattern for pattern in patterns if not pattern.endswith("/")])
    return lambda path, folder: bool((folders if folder else files)(path))


def _any_of(patterns: Sequence[str]) -> Callable[[str], object]:
    if not patterns:
        return lambda _: None
    return re.compile("|".join(map(_regex, patterns)), re.DOTALL).fullmatch


def _regex(pattern: str) -> str:
    trimmed = pattern.rstrip("/")
    anchored = "/" in trimmed
    parts = [part for part in trimmed.split("/") if part not in ("", ".")]
    regex = "" if anchored else "(?:.*/)?"
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            regex += ".+" if last else "(?:[^/]+/)*"
        else:
            regex += _segment(part) + ("" if last else "/")
    return f"(?:{regex})"


def _segment(glob: str) -> str:
    regex = ""
    rest = glob
    while rest:
        if (match := re.match(r"\[(!?)(\]?[^\]]*)\]", rest)) and match[2]:
            members = (
                match[2].replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]").replace("^", r"\^")
            )
            regex += f"(?!/)[{'^' if match[1] else ''}{members}]"
            rest = rest[match.end() :]
            continue
        regex += {"*": "[^/]*", "?": "[^/]"}.get(rest[0]) or re.escape(rest[0])
        rest = rest[1:]
    return regex
