"""The output of a build that failed → the files of the repository that it looked for outside of its tree."""

from __future__ import annotations

import os
import re
from posixpath import normpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HOOK = re.compile(r"(/[^\s\"']*)/inside/hook\.py")
_PATH = re.compile(r"(?:/|\.\./)[^\s\"'`:,;()\[\]<>]+")


def inputs(log: str, *, folder: Path, subdir: str, repository: Path) -> list[str]:
    """List, as `inputs` of the project in `folder` would name them, what `log` names and `repository` has.

    `subdir` is where in its tree the project was. Where the tree was, a traceback through the hook tells.
    """
    hook = _HOOK.search(log)
    project = normpath(f"{hook[1]}/src/{subdir}") if hook else ""
    found: dict[str, None] = {}
    for text in _PATH.findall(log):
        path = text.rstrip(".")
        if path.startswith("/"):
            path = os.path.relpath(path, project) if project else ""
        path = normpath(path)
        wanted = folder / path
        # The project's own folder and those that hold it are looked into by everything.
        if path.startswith("../") and wanted.exists():
            place = wanted.resolve()
            if place.is_relative_to(repository.resolve()) and not folder.resolve().is_relative_to(place):
                found[path] = None
    return list(found)
