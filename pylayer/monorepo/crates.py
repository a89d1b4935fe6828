"""A project's crate → what cargo reads outside of the project's folder: its workspace, and crates by path.

cargo refuses a workspace of which a member's manifest is missing, and without the Cargo.lock of the workspace
it resolves anew: https://doc.rust-lang.org/cargo/reference/workspaces.html.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

from pylayer import below
from pylayer.errors import ManifestError
from pylayer.tables import document, table_at, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MANIFEST = "Cargo.toml"
# What stands beside a workspace's manifest, or above a crate, and decides what is compiled, or how.
_BESIDE = ("Cargo.lock", "rust-toolchain", "rust-toolchain.toml", ".cargo/config.toml", ".cargo/config")
_DEPENDENCIES = ("dependencies", "dev-dependencies", "build-dependencies")


def outside(project: Path, manifest: str = MANIFEST) -> Iterator[str]:
    """List what the crate of a project reads elsewhere, relative to the project's folder (posix).

    `manifest` is where its Cargo.toml is. Of other members of its workspace these are their manifests and
    their `src`, of crates that it takes by a path all that is in their folders.
    """
    top = Path(os.path.normpath(project / manifest)).parent
    if not (top / MANIFEST).is_file():
        return
    repository = below.repository(project)
    root = _workspace(top, repository)
    taken = _taken(top, root)
    # Texts, as each member of a workspace has a path or two for each other one.
    found = [*map(str, taken)]
    if root:
        found += [str(root / MANIFEST), *(path for member in _members(root) for path in _of_member(member))]
    above = [each for each in (top, *top.parents) if each.is_relative_to(repository)]
    found += [str(folder / name) for folder in above for name in _BESIDE]
    found += [str(path) for folder in above for path in _vendored(folder)]
    here = f"{project}{os.sep}"
    for path in dict.fromkeys(found):
        within = f"{path}{os.sep}".startswith(here)
        if not within and not here.startswith(f"{path}{os.sep}") and os.path.exists(path):  # noqa: PTH110  see above
            yield os.path.relpath(path, project).replace(os.sep, "/")


def _workspace(top: Path, repository: Path) -> Path | None:
    """The folder of the workspace that a crate is a member of, if any."""
    own = _read(top)
    if "workspace" in own:
        return top
    if isinstance(named := value_at(own, "package", "workspace"), str):
        return Path(os.path.normpath(top / named))
    above = (folder for folder in top.parents if folder.is_relative_to(repository))
    return next((folder for folder in above if "workspace" in _read(folder)), None)


def _members(root: Path) -> Iterator[Path]:
    workspace = table_at(_read(root), "workspace")
    globs, excluded = (workspace.get(key) for key in ("members", "exclude"))
    left = (
        {root / text for text in excluded if isinstance(text, str)} if isinstance(excluded, list) else set()
    )
    for glob in globs if isinstance(globs, list) else ():
        for folder in sorted(root.glob(glob)) if isinstance(glob, str) and glob.strip("./") else ():
            if folder not in left and (folder / MANIFEST).is_file():
                yield folder


def _of_member(folder: Path) -> Iterator[str]:
    """What cargo has to see of a member that nobody asks for: its manifest, and that it has targets."""
    content = _read(folder)
    for name in (MANIFEST, "src", "build.rs"):
        yield f"{folder}{os.sep}{name}"
    for key in ("lib", "bin"):
        rows = value_at(content, key)
        for row in rows if isinstance(rows, list) else [rows]:
            if isinstance(path := table_at(row).get("path"), str):
                yield str(folder / os.path.normpath(path))


def _taken(top: Path, root: Path | None) -> dict[Path, None]:
    """The crates that one takes by their paths, and those that these take."""
    found: dict[Path, None] = {}
    shared = table_at(_read(root), "workspace", "dependencies") if root else {}
    todo = [*_paths(_read(top), top, shared, root), *(_patched(root) if root else ())]
    while todo:
        folder = todo.pop()
        if folder not in found and folder != top and (folder / MANIFEST).is_file():
            found[folder] = None
            todo += _paths(_read(folder), folder, shared, root)
    return found


def _paths(
    content: Mapping[str, Any], top: Path, shared: Mapping[str, Any], root: Path | None
) -> Iterator[Path]:
    """The folders in a manifest's dependencies; what a workspace shares counts from that."""
    tables = [content, *table_at(content, "target").values()]
    for name, row in (
        (name, row) for table in tables for key in _DEPENDENCIES for name, row in table_at(table, key).items()
    ):
        if isinstance(path := table_at(row).get("path"), str):
            yield Path(os.path.normpath(top / path))
        inherited = table_at(shared, name).get("path") if table_at(row).get("workspace") is True else None
        if root and isinstance(inherited, str):
            yield Path(os.path.normpath(root / inherited))


def _patched(root: Path) -> Iterator[Path]:
    for registry in table_at(_read(root), "patch").values():
        for row in table_at(registry).values():
            if isinstance(path := table_at(row).get("path"), str):
                yield Path(os.path.normpath(root / path))


def _vendored(folder: Path) -> Iterator[Path]:
    """The folders of crates that cargo's configuration names in place of a registry."""
    for name in ("config.toml", "config"):
        for row in table_at(_toml(folder / ".cargo" / name), "source").values():
            if isinstance(path := table_at(row).get("directory"), str):
                yield Path(os.path.normpath(folder / path))


def _read(folder: Path) -> Mapping[str, Any]:
    return _toml(folder / MANIFEST)


def _toml(path: Path) -> Mapping[str, Any]:
    try:
        status = path.stat()
    except (OSError, ValueError):  # a NUL in its name
        return {}
    return _parsed(path, status.st_mtime_ns, status.st_size) if S_ISREG(status.st_mode) else {}


@cache  # all members of a workspace ask for each other's
def _parsed(path: Path, _changed: int, _size: int) -> Mapping[str, Any]:
    try:
        return document(path, where=path.name)
    except ManifestError:  # cargo says so
        return {}
