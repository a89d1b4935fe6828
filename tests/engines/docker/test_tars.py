"""Tests of pylayer.engines.docker.tars."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from pylayer.engines.docker import tars

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def members(chunks: Iterable[bytes]) -> dict[str, tarfile.TarInfo]:
    """Read a tar."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks)), mode="r|") as archive:
        return {member.name: member for member in archive}


def test_environment_at_its_place(tmp_path: Path) -> None:
    """Files, links and folders are at the prefix, root's, and with plain modes."""
    root = tmp_path / "env"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python").symlink_to("/usr/bin/python3")
    (root / "bin" / "tool").write_bytes(bytes(1000))
    (root / "bin" / "tool").chmod(0o700)
    (root / "\N{SNOWMAN}" / ("long" * 40)).mkdir(parents=True)
    found = members(tars.of_environment(root, prefix="/top/env", work="/top/work"))
    assert {0} == {member.uid for member in found.values()} | {member.gid for member in found.values()}
    assert (0o1777, 0o755) == (found["top/work"].mode, found["top/env/bin/tool"].mode)
    assert ("/usr/bin/python3", 1000) == (
        found["top/env/bin/python"].linkname,
        found["top/env/bin/tool"].size,
    )
    assert found[f"top/env/\N{SNOWMAN}/{'long' * 40}"].isdir()


def test_one_file(tmp_path: Path) -> None:
    """A single file goes where it is told to."""
    (tmp_path / "a").write_bytes(b"x" * 513)
    found = members(tars.of_file(tmp_path / "a", "/top/b.pem"))
    assert {"top/b.pem": 513} == {name: member.size for name, member in found.items()}
