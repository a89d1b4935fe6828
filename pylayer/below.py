"""A path that comes from outside → the file below a folder that it names, or a refusal.

Answers of builds, layers.json and layers.toml name files that are then read, sent away or removed, and so do
symbolic links: whatever they say, it stays below the folder that it counts from.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

# Version control's own: history, and often credentials.
HISTORY = frozenset({".git", ".hg", ".svn", ".bzr"})
# Halves of characters: JSON can write one, and what no encoding can is no name of a file.
_HALF = re.compile("[\ud800-\udfff]")


class OutsideError(ValueError):
    """A path that names nothing below its folder; the message completes "the path …"."""


def plain(path: object) -> PurePosixPath:
    """Take a relative path with slashes that never climbs, whatever is on disk. Raises OutsideError."""
    taken = PurePosixPath(_text(path))
    if not taken.parts or taken.is_absolute() or ".." in taken.parts:
        raise OutsideError(f"leads outside its folder: {path!r}")
    return taken


def find(root: Path, path: object, *, start: Path | None = None) -> Path:
    """The place of `path`, which counts from `start` (or else `root`), with all links followed, below `root`.

    Nothing need be there. Raises OutsideError.
    """
    whole = os.path.join(Path.cwd(), start or root, _text(path))  # noqa: PTH118
    top, found = os.path.realpath(root), os.path.realpath(whole)
    if os.path.commonpath([top, found]) != top or found == top or not _is_there(found, whole):
        raise OutsideError(f"leads outside {root}: {path!r}")
    return Path(found)


def see(root: Path, path: object) -> None:
    """Raise OutsideError where `find` does; sooner, of what is no more than the name of a file in `root`."""
    name = _text(path)
    if "/" in name or name in {".", ".."} or os.path.islink(os.path.join(root, name)):  # noqa: PTH114, PTH118
        find(root, name)


def _is_there(found: str, path: str) -> bool:
    """Whether `path` leads to `found` for the system too, as far as anything is there.

    Links can make so long a path of a short one that no system takes it: then realpath goes on as if no more
    of it were links, and the system, which follows them one by one, arrives elsewhere.
    """
    while not os.path.exists(path):  # noqa: PTH110
        path = os.path.dirname(path)  # noqa: PTH120
        found = os.path.realpath(path)
    try:
        return Path(found).samefile(path)
    except OSError:
        return False


def repository(folder: Path) -> Path:
    """The folder with version control's own that `folder` is in; `folder` where there is none."""
    return next((top for top in (folder, *folder.parents) if is_repository(top)), folder)


def is_astray(path: Path) -> bool:
    """Whether a file is a link out of its repository, or into version control's own; where it is in one.

    What it leads to is this machine's, and might be a secret.
    """
    if not path.is_symlink():
        return False
    top = repository(path.parent.resolve())
    if not is_repository(top):
        return False
    try:
        return not HISTORY.isdisjoint(find(top, str(path.absolute())).relative_to(top).parts)
    except OutsideError:
        return True


def is_repository(folder: Path) -> bool:
    """Whether version control has its own in a folder."""
    return any((folder / name).exists() for name in (".git", ".hg"))


def _text(path: object) -> str:
    if not isinstance(path, str) or not path or "\0" in path or _HALF.search(path):
        raise OutsideError(f"is not a path: {path!r}")
    return path
