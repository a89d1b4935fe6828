"""Files that deploy functions → the runtimes that they name."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

# SAM's and CloudFormation's, Serverless's, Terraform's; CDK's and Pulumi's own, beside which are programs.
_FILES = re.compile(r"(template|serverless|sam)\.ya?ml|.*\.tf|cdk\.json|pulumi(\..*)?\.ya?ml", re.IGNORECASE)
_PROGRAMS = re.compile(r"cdk\.json|pulumi\.ya?ml", re.IGNORECASE)
_CODE = (".ts", ".js", ".mjs", ".py", ".java", ".cs", ".go")
_RUNTIME = re.compile(r"(?<![\w.])python3\.\d{1,3}(?![\w.])")
# `Runtime.PYTHON_3_13` of CDK, in Go `Runtime_PYTHON_3_13`; Pulumi's `Runtime.PYTHON3D13` and `Python3d13`.
_CONSTANT = re.compile(r"\bRuntime[._]PYTHON(?:_3_|3d)(\d{1,3})\b", re.IGNORECASE)
_LARGEST = 1 << 20  # bytes of such a file that are read


class Deployed:
    """Collects the runtimes that files of folders name, shown from the top down."""

    def __init__(self) -> None:
        self._found: set[str] = set()
        self._aside: set[str] = set()
        self._programs: set[Path] = set()

    @property
    def runtimes(self) -> frozenset[str]:
        """What is named; by examples alone where nothing else does."""
        return frozenset(self._found or self._aside)

    def look(self, folder: Path, names: Collection[str], *, aside: bool) -> None:
        """Read what a folder has; programs `aside`, as in tests, deploy nothing."""
        if any(_PROGRAMS.fullmatch(name) for name in names):
            self._programs.add(folder)
        is_program = bool(self._programs) and not aside and self._is_below_one(folder)
        for name in names:
            if _FILES.fullmatch(name):
                (self._aside if aside else self._found).update(_RUNTIME.findall(text(folder / name)))
            elif is_program and name.endswith(_CODE):
                self._found.update(_constants(text(folder / name)))

    def _is_below_one(self, folder: Path) -> bool:
        return not self._programs.isdisjoint((folder, *folder.parents))


def deploys(folder: Path) -> str:
    """The file that says that a folder has a program which deploys others; empty where none does."""
    return next((name for name in sorted(os.listdir(folder)) if _PROGRAMS.fullmatch(name)), "")  # noqa: PTH208


def text(path: Path) -> str:
    """The beginning of a file, or nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", errors="replace")
    except OSError:
        return ""


def _constants(code: str) -> Iterator[str]:
    return (f"python3.{minor}" for minor in _CONSTANT.findall(code))
