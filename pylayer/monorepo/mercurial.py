"""A folder in a Mercurial checkout → what it says of the files below, as `repository` tells it of git's.

hatchling reads `.hgignore` by itself. setuptools-scm asks which files are tracked, and is told in git's way:
what it packages is the same.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pylayer import below, process
from pylayer.dataclassing import dataclass
from pylayer.errors import BuildError, ToolError
from pylayer.monorepo import gitfolder

if TYPE_CHECKING:
    from collections.abc import Collection

_TIMEOUT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mercurial:
    """A checkout: its top folder, and the file that changes with what is tracked."""

    root: Path
    files: tuple[Path, ...]
    excludes: Path = Path(os.devnull)

    @classmethod
    def of(cls, folder: Path) -> Self | None:
        """Find the checkout that `folder` is in; None where there is none."""
        root = below.repository(folder.resolve())
        return cls(root=root, files=(root / ".hg" / "dirstate",)) if (root / ".hg").is_dir() else None

    def ignores(self, folder: Path, *, tracked: bool = False) -> bool:
        """Nothing else is said of a folder."""
        del folder, tracked
        return False

    def tracked(self, folder: Path) -> dict[str, int]:
        """Give the tracked files below `folder`; BuildError where Mercurial cannot say."""
        try:
            done = process.run(
                ["hg", "files", "--print0", "."],
                cwd=folder,
                env={**os.environ, "HGPLAIN": "1", "HGENCODING": "UTF-8"},
                timeout=_TIMEOUT,
            )
        except ToolError as error:
            hint = "it is asked which files are tracked: install Mercurial"
            raise BuildError(error.faults[0].what, where=str(folder), hint=hint) from error
        if done.status not in (0, 1):  # 1: there are none
            raise BuildError(
                f"hg cannot say which files are tracked: {done.stderr.strip()}", where=str(folder)
            )
        return dict.fromkeys(filter(None, done.stdout.split("\0")), gitfolder.REGULAR)

    def committed(self, folder: Path) -> dict[str, int]:
        """The same: setuptools-scm asks for no more."""
        return self.tracked(folder)

    def ignored_among(self, base: Path, folder: Path, names: Collection[str]) -> frozenset[str]:
        """Nobody asks for it."""
        del base, folder, names
        return frozenset()

    def export_ignored(self, folder: Path, names: Collection[str]) -> frozenset[str]:
        """There is no such thing."""
        del folder, names
        return frozenset()

    def patterns_above(self, folder: Path) -> list[str]:
        """They are not git's."""
        del folder
        return []
