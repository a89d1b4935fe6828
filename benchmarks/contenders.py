"""A workspace → layer archives: what a Contender is, and pylayer as the first of them."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import workspaces
from pylayer.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workspaces import Workspace

LAYERS = (sys.executable, "-m", "pylayer", "layers", "--engine", "docker")


class Failed(Exception):  # noqa: N818  a result among others, not a mistake of the harness
    """A contender did not get to its end; the message is the end of what it printed."""


class Contender(Protocol):
    """One way to make layers. `prepare` and `finish` are outside the timing, `build` is the timing."""

    name: str
    architectures: tuple[str, ...]

    def prepare(self, workspace: Workspace) -> None:
        """Put everything there that the case says is there already."""
        ...

    def build(self, workspace: Workspace) -> None:
        """Make or renew every archive. Raises Failed."""
        ...

    def archive(self, workspace: Workspace, name: str, architecture: str) -> Path:
        """Where the archive of layer `name` is; a folder for a contender that does not zip."""
        ...

    def finish(self, workspace: Workspace) -> None:
        """Take away what `build` left outside the workspace."""
        ...


def inherited() -> dict[str, str]:
    """The environment of what is measured.

    Nobody's Python is kept from writing its bytecode: on a desk it would be there already.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def command(*words: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run `words` and give what they print. Raises Failed with the end of it."""
    done = run(words, cwd=cwd, env={**inherited(), **(env or {})}, merged=True)
    if done.status:
        raise Failed(f"{' '.join(map(str, words[:4]))} … ended with {done.status}:\n{done.stdout[-1500:]}")
    return done.stdout


@dataclass(slots=True, kw_only=True)
class Pylayer:
    """This project, by its command line, for both architectures.

    `primed` is a store that has the downloads and has seen the images, but has built nothing of the
    workspaces that are measured: every `prepare` begins with a copy of it.
    """

    primed: Path
    name: str = "pylayer"
    architectures: tuple[str, ...] = workspaces.ARCHITECTURES

    @classmethod
    def primed_in(cls, folder: Path) -> Pylayer:
        """Fill a store in `folder` with downloads, and let the engine bake what it bakes once."""
        primed = folder / "primed"
        shutil.rmtree(folder, ignore_errors=True)
        contender = cls(primed=primed)
        workspace = workspaces.requirements_alone(folder / "workspace")
        primed.mkdir(parents=True)
        contender.prepare(workspace)
        contender.build(workspace)
        shutil.rmtree(primed)
        _store(workspace).rename(primed)
        return contender

    def prepare(self, workspace: Workspace) -> None:
        """Copy the primed store."""
        shutil.copytree(self.primed, _store(workspace), symlinks=True)

    def build(self, workspace: Workspace) -> None:
        """`pylayer layers` in the workspace."""
        command(*LAYERS, cwd=workspace.root, env=environment(workspace))

    def archive(self, workspace: Workspace, name: str, architecture: str) -> Path:
        """As pylayer names it, of the first runtime."""
        return workspace.root / "dist" / "layers" / f"{name}-{workspace.runtimes[0]}-{architecture}.zip"

    def finish(self, workspace: Workspace) -> None:
        """Everything is in the workspace."""


def environment(workspace: Workspace) -> dict[str, str]:
    """What a pylayer run in `workspace` has in its environment: a store of its own."""
    return {"PYLAYER_CACHE_DIR": str(_store(workspace))}


def _store(workspace: Workspace) -> Path:
    return workspace.root.with_name(f"{workspace.root.name}-store")
