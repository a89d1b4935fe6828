"""A pyproject.toml → why its folder is no package, though it has a name and dependencies."""

from __future__ import annotations

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
    if value_at(pyproject, "tool", "uv") is not None or _in_workspace(folder):
        return "it has no [build-system], so that uv takes its dependencies alone"
    return ""


def _in_workspace(folder: Path) -> bool:
    """Whether the folder is a member of a uv workspace, which a pyproject.toml above it describes."""
    for above in folder.parents:
        path = above / "pyproject.toml"
        if not path.is_file():
            continue
        try:
            workspace = value_at(document(path, where=str(path)), "tool", "uv", "workspace")
        except ManifestError:  # it is not one of the projects that are asked for
            continue
        if isinstance(workspace, dict):
            place = folder.relative_to(above).as_posix()
            return _matches(place, workspace.get("members")) and not _matches(place, workspace.get("exclude"))
    return False


def _matches(place: str, globs: object) -> bool:
    """Whether one of uv's globs matches a folder; `*` stays within a part of its path, `**` does not."""
    test = ignored([f"/{str(glob).strip('/')}" for glob in globs] if isinstance(globs, list) else ())
    return test(place, True)  # noqa: FBT003  it is a folder
