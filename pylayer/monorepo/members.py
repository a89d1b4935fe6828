"""A package's folder → the uv workspace it is in, and why it is no package though it has a name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pylayer.errors import ManifestError
from pylayer.patterns import ignored
from pylayer.tables import document, value_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path


def no_package(folder: Path, pyproject: Mapping[str, Any], files: AbstractSet[str]) -> str:
    """Say why nobody builds what is in `folder`, which has `files`; empty where somebody does.

    It has Poetry's `package-mode = false`, uv's `package = false`, or no build system where uv manages it
    (https://docs.astral.sh/uv/concepts/projects/config/#build-systems). Without uv, pip builds such a one
    with setuptools.
    """
    if value_at(pyproject, "tool", "poetry", "package-mode") is False:
        return "poetry's package-mode is false"
    match value_at(pyproject, "tool", "uv", "package"):
        case False:
            return "uv's package is false"
        case True:
            return ""
    if "build-system" in pyproject or "setup.py" in files or "project" not in pyproject:
        return ""
    if value_at(pyproject, "tool", "uv") is not None or workspace_of(folder):
        return "it has no [build-system], so that uv takes its dependencies alone"
    return ""


def workspace_of(folder: Path) -> Path | None:
    """The folder of the uv workspace that one is a member of, which a pyproject.toml above it describes."""
    for above in folder.parents:
        workspace = _workspace(above / "pyproject.toml")
        if workspace is not None:
            place = folder.relative_to(above).as_posix()
            left = _matches(place, workspace.get("exclude"))
            return above if _matches(place, workspace.get("members")) and not left else None
    return None


def _workspace(path: Path) -> Mapping[str, Any] | None:
    """What a pyproject.toml says of a workspace."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _read(path, status.st_mtime_ns, status.st_size)


@cache  # all members of a workspace ask for it
def _read(path: Path, _changed: int, _size: int) -> Mapping[str, Any] | None:
    try:
        found = value_at(document(path, where=str(path)), "tool", "uv", "workspace")
    except ManifestError:  # it is not one of the projects that are asked for
        return None
    return found if isinstance(found, dict) else None


def _matches(place: str, globs: object) -> bool:
    """Whether one of uv's globs matches a folder; `*` stays within a part of its path, `**` does not."""
    test = ignored([f"/{str(glob).strip('/')}" for glob in globs] if isinstance(globs, list) else ())
    return test(place, True)  # noqa: FBT003  it is a folder
