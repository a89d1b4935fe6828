"""A file → the one beside it that takes its place once it is whole; those of killed processes → gone."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pylayer.liveness import marks_living, own_mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"\..+\.([0-9]+)(?:-([0-9]+))?-[0-9a-f]{12}")


def beside(path: Path) -> Path:
    """A name of its own, on the file system of `path`, for what is to be renamed to it."""
    return path.with_name(f".{path.name}.{own_mark()}-{os.urandom(6).hex()}")


@contextmanager
def becoming(path: Path) -> Iterator[Path]:
    """Yield the path of a file that takes the place of `path` at the end, whole, or goes."""
    temporary = beside(path)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what dead processes left in `folder`; where nothing can be, it stays."""
    with suppress(OSError):
        for path in folder.iterdir():
            if (match := _NAME.fullmatch(path.name)) and not marks_living(*match.groups()):
                with suppress(OSError):
                    path.unlink()
