"""Tests of pylayer/inside/warm.py, run as the program that it is."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from importlib.util import cache_from_source
from typing import TYPE_CHECKING

from pylayer.engines.scripts import script_text

if TYPE_CHECKING:
    from pathlib import Path


def warm(*words: str | Path) -> bytes:
    """Run the script; give what it prints."""
    command = [sys.executable, "-c", script_text("warm"), *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def flags(compiled: Path) -> int:
    """Give the flags of a .pyc (PEP 552): 0 by date, 1 by hash unchecked, 3 by hash checked."""
    return int.from_bytes(compiled.read_bytes()[4:8], "little")


def test_folder_is_compiled(tmp_path: Path) -> None:
    """Every module in a folder has bytecode that is never checked; what is no Python is left."""
    for name in ("a.py", "package/b.py", "broken.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1" if name != "broken.py" else "x = = 1")
    assert b"" == warm(tmp_path)
    compiled = {path.name.partition(".")[0]: flags(path) for path in tmp_path.rglob("*.pyc")}
    assert {"a": 1, "b": 1} == compiled


def test_tar_has_the_bytecode(tmp_path: Path) -> None:
    """With `tar`, the bytecode is printed under its absolute path."""
    (tmp_path / "a.py").write_text("x = 1")
    with tarfile.open(fileobj=io.BytesIO(warm(tmp_path, "tar"))) as archive:
        assert [cache_from_source(str(tmp_path / "a.py")).lstrip("/")] == archive.getnames()
