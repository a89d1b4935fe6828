"""Texts → new files, and lines at the end of a .gitignore; what is there stays, whole, whatever happens."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from pylayer import unfinished
from pylayer.errors import StoreError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.monorepo.repository import Repository


def create(path: Path, text: str) -> None:
    """Write a new file, which appears whole or not at all; UsageError where there is one by now."""
    beside = unfinished.beside(path)
    try:
        beside.write_text(text, encoding="utf-8")
        try:
            os.link(beside, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path.name} is there already, and stays as it is") from error
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        beside.unlink(missing_ok=True)


def unignored(root: Path, git: Repository | None, names: list[str]) -> list[str]:
    """Those of some paths below `root` that git would take for sources; none where there is no git."""
    return [name for name in names if git and not git.ignores_file(root, name)]


def append(path: Path, lines: list[str]) -> None:
    """Put lines at the end of a text file, which is replaced at once; its mode and its line ends stay."""
    try:
        before = path.read_bytes() if path.exists() else b""
        end = b"\r\n" if b"\r\n" in before else b"\n"
        between = b"" if not before or before.endswith(b"\n") else end
        added = b"".join(line.encode() + end for line in lines)
        with unfinished.becoming(path) as beside:
            beside.write_bytes(before + between + added)
            if path.exists():
                shutil.copymode(path, beside)
    except OSError as error:
        raise StoreError(f"cannot be written: {error.strerror}", where=str(path)) from error
