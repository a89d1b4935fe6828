"""A package's folder → the workspace it is in, and why it is no package though it has a name."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from pylayer.errors import ManifestError
from pylayer.patterns import ignored
from pylayer.tables import document, value_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

# Whose tables know workspaces, in which `members` are globs of folders.
WORKSPACES = ("uv", "pdm", "rye")
# What tools call it in their tables, such as https://python-poetry.org/docs/pyproject/#package-mode.
_SAID = (
    ("poetry", "package-mode", False),
    ("pdm", "distribution", False),
    ("pdm", "package-type", "application"),
    ("rye", "virtual", True),
    ("uv", "package", False),
)


def no_package(folder: Path, pyproject: Mapping[str, Any], files: AbstractSet[str]) -> str:
    """Say why nobody builds what is in `folder`, which has `files`; empty where somebody does.

    The tool that manages it says so in its table, or it has no build system where uv manages it
    (https://docs.astral.sh/uv/concepts/projects/config/#build-systems). Without uv, pip builds such a one
    with setuptools.
    """
    for tool, key, said in _SAID:
        found = value_at(pyproject, "tool", tool, key)
        if found == said and isinstance(found, type(said)):  # 0 is no boolean
            return f"{tool}'s {key} is {found if isinstance(found, str) else json.dumps(found)}"
    if value_at(pyproject, "tool", "uv", "package") is True:
        return ""
    if "build-system" in pyproject or "setup.py" in files or "project" not in pyproject:
        return ""
    if value_at(pyproject, "tool", "uv") is not None or workspace_of(folder, tools=("uv",)):
        return "it has no [build-system], so that uv takes its dependencies alone"
    return ""


def workspace_of(folder: Path, *, tools: Sequence[str] = WORKSPACES) -> Path | None:
    """The folder of the workspace that one is a member of, which a pyproject.toml above it describes."""
    for above in folder.parents:
        workspace = _workspace(above / "pyproject.toml", tools)
        if workspace is not None:
            place = folder.relative_to(above).as_posix()
            left = _matches(place, workspace.get("exclude"))
            return above if _matches(place, workspace.get("members")) and not left else None
    return None


def _workspace(path: Path, tools: Sequence[str]) -> Mapping[str, Any] | None:
    """What a pyproject.toml says of the workspace of one of some tools."""
    try:
        status = path.stat()
    except OSError:
        return None
    said = _read(path, status.st_mtime_ns, status.st_size)
    return next((said[tool] for tool in tools if tool in said), None)


@cache  # all members of a workspace ask for it
def _read(path: Path, _changed: int, _size: int) -> Mapping[str, Mapping[str, Any]]:
    try:
        content = document(path, where=str(path))
    except ManifestError:  # it is not one of the projects that are asked for
        return {}
    tables = {tool: value_at(content, "tool", tool, "workspace") for tool in WORKSPACES}
    return {tool: found for tool, found in tables.items() if isinstance(found, dict)}


def _matches(place: str, globs: object) -> bool:
    """Whether one of uv's globs matches a folder; `*` stays within a part of its path, `**` does not."""
    test = ignored([f"/{str(glob).strip('/')}" for glob in globs] if isinstance(globs, list) else ())
    return test(place, True)  # noqa: FBT003  it is a folder
