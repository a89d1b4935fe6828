"""Private temporary folders, gone afterwards; those of killed processes go at the next look."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.liveness import alive

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "pylayer-"


@contextmanager
def private(*, beside: Path | None = None) -> Iterator[Path]:
    """Yield a folder that only this user can look into; `beside` asks for the file system of a path to be."""
    if beside is not None:
        beside.parent.mkdir(parents=True, exist_ok=True)
    parent = beside.parent if beside else None
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent)).resolve()
    try:
        yield folder
    finally:
        _remove(folder)


def sweep(parent: Path | None = None) -> None:
    """Remove what this user's dead processes left in `parent` (None: where such folders usually are)."""
    for folder in (parent or Path(tempfile.gettempdir())).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with suppress(OSError):
            if pid.isdigit() and folder.lstat().st_uid == os.getuid() and not alive(int(pid)):
                _remove(folder)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # a build made folders in it read-only
        for root, names, _ in os.walk(folder):
            for path in (Path(root, name) for name in names):
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
