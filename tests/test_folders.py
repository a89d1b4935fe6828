"""Tests of pylayer.folders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from factories.engines import child

from pylayer import folders
from pylayer.liveness import own_mark

if TYPE_CHECKING:
    from pathlib import Path


def test_folder_is_private_and_goes() -> None:
    """Nobody else can look into it, and it is gone afterwards, read-only folders in it as well."""
    with folders.private() as folder:
        (folder / "tight" / "inner").mkdir(parents=True)
        (folder / "tight").chmod(0)
        assert 0o700 == folder.stat().st_mode & 0o777
    assert not folder.exists()


def test_folder_beside(tmp_path: Path) -> None:
    """A folder can be asked for on the file system of another path, so that a rename leads there."""
    with folders.private(beside=tmp_path / "new" / "place") as folder:
        assert tmp_path / "new" == folder.parent


def test_sweep_spares_the_living(tmp_path: Path) -> None:
    """Folders of dead processes go, and those of living ones and other things stay."""
    dead = child("")
    dead.communicate()
    again = f"pylayer-{os.getpid()}-1-a"  # of one that had the same number
    names = [
        f"pylayer-{dead.pid}-a",
        again,
        f"pylayer-{own_mark()}-a",
        f"pylayer-{os.getpid()}-a",
        "pylayer-b-a",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    folders.sweep(tmp_path)
    assert set(names[2:]) == {path.name for path in tmp_path.iterdir()}


def test_an_interrupt_removes_what_is_open(tmp_path: Path) -> None:
    """The threads that would do so are not waited for."""
    with folders.private(beside=tmp_path / "a") as folder:
        (folder / "half").write_text("")
        folders.remove_open()
        assert [] == list(tmp_path.iterdir())
