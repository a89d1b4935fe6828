"""The output of a build that failed → what it did not find: files of the repository, packages, a network."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING

from pylayer.names import required_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from pylayer.wheels import Metadata

_HOOK = re.compile(r"(/[^\s\"']*)/inside/hook\.py")
_MODULE = re.compile(r"\bNo module named '")
# Of glibc, Python, curl, git and Go; of Rust, Node.js and Java.
_UNREACHABLE = re.compile(
    r"Temporary failure in name resolution|Name or service not known|Could not resolve host|no such host"
    r"|failed to lookup address|getaddrinfo \w+|UnknownHostException|Network is unreachable"
)
_PATH = re.compile(r"(?:/|\.\./)[^\s\"'`:,;()\[\]<>]+")


def network(log: str) -> bool:
    """Whether a program says in `log` that it found no way to another machine."""
    return _UNREACHABLE.search(log) is not None


def inputs(
    log: str,
    *,
    folder: Path,
    subdir: str,
    repository: Path,
    seen: Collection[str] = (),
    projects: Collection[Path] = (),
) -> list[str]:
    """List, as `inputs` of the project in `folder` would name them, what `log` names and `repository` has.

    `subdir` is where in its tree the project was. Where the tree was, a traceback through the hook tells.
    What the tree had is left out (`seen`, its files): the build failed over something else. So are folders of
    `projects`: a build does without those that it depends on by their paths, though poetry warns of each.
    """
    hook = _HOOK.search(log)
    project = normpath(f"{hook[1]}/src/{subdir}") if hook else ""
    had = _with_folders(seen)
    neighbours = {path.resolve() for path in projects}
    found: dict[str, None] = {}
    for text in _PATH.findall(log):
        path = text.rstrip(".")
        if path.startswith("/"):
            path = os.path.relpath(path, project) if project else ""
        path = normpath(path)
        wanted = folder / path
        # The project's own folder and those that hold it are looked into by everything.
        if path.startswith("../") and normpath(f"{subdir}/{path}") not in had and wanted.exists():
            place = wanted.resolve()
            if (
                place not in neighbours
                and place.is_relative_to(repository.resolve())
                and not folder.resolve().is_relative_to(place)
            ):
                found[path] = None
    return list(found)


def packages(
    log: str, *, environment: Iterable[Metadata], projects: Collection[str]
) -> list[tuple[str, Metadata]]:
    """Where modules were missing: `projects` that distributions of its environment require, and these.

    Only what a project itself names in its build requirements is built for it, so that they were not there.
    """
    if not _MODULE.search(log):
        return []
    there = {each.name: each for each in environment}
    found = {
        name: each
        for each in there.values()
        for text in each.requires
        if ";" not in text and (name := required_name(text)) in projects and name not in there
    }
    return sorted(found.items(), key=lambda pair: pair[0])


def _with_folders(names: Collection[str]) -> set[str]:
    """Give the posix `names` of files, with those of the folders that hold them."""
    found = set(names)
    for name in names:
        found.update(map(str, PurePosixPath(name).parents))
    return found
