"""A workspace → every path whose status tells whether a build would see anything else than before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import below, envtable
from pylayer.config.manifest import LOCK_NAME
from pylayer.errors import ManifestError
from pylayer.locks import pinning
from pylayer.monorepo import checkout, trees, vcs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.monorepo.workspace import Project, Workspace

# What may lie at the top of a repository and changes what is found, or in what version.
CONFIGURATION = ("pyproject.toml", "uv.toml")
_MAGIC = frozenset("*?[")


def paths(found: Workspace) -> list[Path]:
    """All that is watched; see `by_project`."""
    return [path for group in by_project(found).values() for path in group]


def by_project(found: Workspace) -> dict[tuple[str, ...], list[Path]]:
    """What all projects consist of, each path once: by the names of those that are made of it.

    What decides about all of them, as the manifest and the lock do, has no name; that of folders in which
    projects are looked for is empty: nothing is made of them. Folders stand for the names in them: one that
    comes or goes changes its folder's time.
    """
    common = _of_all(found)
    owners: dict[Path, tuple[str, ...]] = {}
    for name, project in found.projects.items():
        for path in dict.fromkeys(_of_one(project)):
            if path not in common:
                owners[path] = (*owners.get(path, ()), name)
    groups: dict[tuple[str, ...], list[Path]] = {(): list(common)}
    for path, names in owners.items():
        groups.setdefault(() if len(names) == len(found.projects) else names, []).append(path)
    searched = _searched(found)
    groups["",] = [path for path in searched if path not in common and path not in owners]
    return groups


def _of_all(found: Workspace) -> dict[Path, None]:
    root = found.manifest.root
    seen: dict[Path, None] = {found.manifest.path: None, root / LOCK_NAME: None}
    seen.update(dict.fromkeys(root / name for name in CONFIGURATION))
    tops = {project.workspace for project in found.projects.values() if project.workspace}
    seen.update(dict.fromkeys(top / name for top in sorted(tops) for name in CONFIGURATION))
    seen.update(dict.fromkeys(pinning.looked_for(found)))
    if local := os.environ.get(envtable.RUNTIMES):
        seen[Path(local).absolute()] = None
    for layer in found.layers:
        seen.update((root / source, None) for file in layer.files for _, source in file.sources)
    return seen


def _searched(found: Workspace) -> dict[Path, None]:
    seen: dict[Path, None] = {}
    for glob in found.manifest.packages:
        seen.update(dict.fromkeys(_looked_through(found.manifest.root, glob.removeprefix("!"))))
    return seen


def _of_one(project: Project) -> Iterator[Path]:
    yield from _sources(project)
    yield from checkout.consulted(project)
    for glob in project.options.inputs:
        yield from _looked_through(project.path, glob)
        yield from _inside(project.path, glob, within=project.repository)


def _sources(project: Project) -> list[Path]:
    """The files of a project and its folders, links followed."""
    ignore = (*project.options.ignore, *project.written)
    return _walked(project.path, within=project.repository, ignore=ignore)


def _walked(folder: Path, *, within: Path | None = None, ignore: Sequence[str] = ()) -> list[Path]:
    folders: list[str] = []
    try:
        entries = trees.walk(folder, within=within, ignore=ignore, folders=folders)
    except ManifestError:  # its builds failed for it, and failed ones are tried again
        entries = ()
    files = [entry.source for entry in entries if isinstance(entry.source, Path)]
    return [*files, *map(Path, folders)]


def described(found: Workspace) -> dict[str, str]:
    """What version control says of each project that takes its version from it, by folder."""
    return {
        str(project.path): vcs.describe(project.path)
        for project in found.projects.values()
        if (project.vcs and not vcs.declared(project)) or project.reads_history
    }


def _looked_through(folder: Path, glob: str) -> Iterator[Path]:
    """The folders whose names decide what `glob` matches, and what it names outright."""
    here = [folder]
    for part in Path(glob).parts:
        if part == "..":
            here = [folder.parent for folder in here]
        elif part == "**":
            yield from (folder for top in here for folder in [top, *top.rglob("*")] if folder.is_dir())
            return
        elif _MAGIC.isdisjoint(part):
            here = [folder / part for folder in here]
            yield from here
        else:
            yield from here
            here = [found for folder in here for found in folder.glob(part) if found.is_dir()]
    yield from here  # one that is no project may become one


def _inside(folder: Path, glob: str, *, within: Path | None) -> Iterator[Path]:
    """What an input glob matches, and all below it, links followed."""
    here = folder
    parts = list(Path(glob).parts)
    while parts and parts[0] == "..":
        here = here.parent
        parts.pop(0)
    for match in here.glob("/".join(parts)) if parts else [here]:
        yield match
        if match.is_dir():
            yield from _walked(match, within=within or below.repository(folder))
