"""The ignore files above a folder → what they say, told from within that folder."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from pylayer import below

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BOUNDARIES = {".gitignore": ".git", ".hgignore": ".hg"}


def is_there(path: Path) -> bool:
    """Whether an ignore file is there, and may be read: a link must stay among what its repository has."""
    return path.is_file() and not below.is_astray(path)


def nearest(folder: Path, name: str) -> Path | None:
    """Find the file `name` (.gitignore, .hgignore) in the nearest folder above `folder`.

    It is looked for as hatchling does, which reads that one alone: up to the folder that holds the
    repository; without a repository, in all folders above.
    """
    for above in (folder, *folder.parents):
        if above != folder and is_there(above / name):
            return above / name
        if (above / _BOUNDARIES[name]).exists():
            return None
    return None


def rebased(lines: Sequence[str], place: Sequence[str]) -> Iterator[str]:
    """Give the patterns of a .gitignore as the folder `place` below it (its parts) would have to write them.

    Those that concern other folders are left out. https://git-scm.com/docs/gitignore#_pattern_format
    """
    for line in lines:
        text = line.rstrip("\r\n")
        if not text.strip() or text.startswith("#"):
            continue
        mark, pattern = ("!", text[1:]) if text.startswith("!") else ("", text)
        parts = pattern.strip("/").split("/")
        if len(parts) == 1 and not pattern.startswith("/"):
            yield text
            continue
        end = "/" if pattern.endswith("/") else ""
        for rest in dict.fromkeys(_below(tuple(parts), tuple(place))):
            yield f"{mark}/{'/'.join(rest)}{end}"


def escaped(path: str) -> str:
    """Give the pattern that matches one path (posix, relative to the ignore file's folder) alone."""
    return "/" + "".join(f"\\{letter}" if letter in "\\*?[ " else letter for letter in path)


def _below(parts: tuple[str, ...], place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Give what is left of a pattern's parts once they have led into `place`.

    A pattern that ends above is not followed: it ignores the place itself.
    """
    if not place:
        if parts:
            yield parts
    elif parts:
        if parts[0] == "**":
            yield from _below(parts[1:], place)
            yield from _below(parts, place[1:])
        elif fnmatch.fnmatchcase(place[0], parts[0]):
            yield from _below(parts[1:], place[1:])
