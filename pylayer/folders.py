"""The home folder, and private temporary ones; those of killed processes go at the next look."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.liveness import marks_living, own_mark

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "pylayer-"
_NAME = re.compile(rf"{_PREFIX}([0-9]+)(?:-([0-9]+))?-[^-]+")
_OPEN: set[Path] = set()


def home() -> Path:
    """The user's home folder; that of a user whom the system does not know is `/`, as Docker has it."""
    try:
        return Path.home()
    except RuntimeError:  # without HOME, as a container's user may be
        return Path("/")


def expanded(path: str | Path) -> Path:
    """A path in which `~` is the home folder, also of a user whom the system does not know."""
    first, *rest = Path(path).parts or (".",)
    if first == "~":
        return home().joinpath(*rest)
    with suppress(RuntimeError):  # nobody is called that
        return Path(path).expanduser()
    return Path(path)


@contextmanager
def private(*, beside: Path | None = None) -> Iterator[Path]:
    """Yield a folder that only this user can look into; `beside` asks for the file system of a path to be."""
    if beside is not None:
        beside.parent.mkdir(parents=True, exist_ok=True)
    from tempfile import mkdtemp  # slow to import, and the store is opened without it

    parent = beside.parent if beside else None
    folder = Path(mkdtemp(prefix=f"{_PREFIX}{own_mark()}-", dir=parent)).resolve()
    with passing(folder):
        yield folder


@contextmanager
def passing(folder: Path) -> Iterator[None]:
    """Have `folder`, which is there, gone at the end; by `remove_open`, before it."""
    _OPEN.add(folder)
    try:
        yield
    finally:
        remove(folder)
        _OPEN.discard(folder)


def remove_open() -> None:
    """Remove every folder that is still to pass: for a run that ends without waiting for its threads."""
    for folder in tuple(_OPEN):
        remove(folder)


def sweep(parent: Path | None = None) -> None:
    """Remove what this user's dead processes left in `parent` (None: where such folders usually are)."""
    from tempfile import gettempdir

    for folder in (parent or Path(gettempdir())).glob(f"{_PREFIX}*-*"):
        with suppress(OSError):
            if (
                (made := _NAME.fullmatch(folder.name))
                and folder.lstat().st_uid == os.getuid()
                and not marks_living(*made.groups())
            ):
                remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder, or a file, as far as it can be."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder.is_file():
        with suppress(OSError):
            folder.unlink()
    if folder.exists():  # a build made folders in it read-only
        for root, names, _ in os.walk(folder):
            for path in (Path(root, name) for name in names):
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
