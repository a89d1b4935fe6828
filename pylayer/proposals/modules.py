"""A project's folder and its backend → whether that will find a module to package, before it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import ManifestError
from pylayer.monorepo.projectfile import glance
from pylayer.names import required_name
from pylayer.tables import document, table_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pylayer.monorepo.projectfile import Definition

# Backends that look for a module of the project's name where nothing else is said, by what they are called.
_BY_NAME = {"hatchling": "hatch", "poetry.core": "poetry", "uv_build": "uv", "flit_core": "flit"}
# In which tables of pyproject.toml something else is said, and by which keys.
_SAID = {
    "hatch": (("hatch", "build"), ("hatch", "build", "targets", "wheel")),
    "poetry": (("poetry",),),
    "uv": (("uv", "build-backend"),),
    "flit": (("flit", "module"), ("flit", "metadata")),
}
_SAYING = {
    "hatch": {"packages", "include", "only-include", "force-include"},
    "poetry": {"packages", "include", "build"},
    "uv": {"module-name", "module-root", "namespace"},
    "flit": {"name", "module"},
}


# Distributions that build, and bring no files of their own; what others do, nobody knows.
_PLAIN = frozenset({"hatchling", "hatch-vcs", "poetry-core", "uv-build", "flit-core"})


def lacks_module(folder: Path, definition: Definition) -> str:
    """Say that its backend will find nothing to package; empty where it will, or where nobody knows."""
    tool = next((tool for start, tool in _BY_NAME.items() if definition.backend.startswith(start)), "")
    plain = _PLAIN.issuperset(map(required_name, definition.requires)) and not definition.backend_path
    content = glance(folder)
    if not (tool and plain) or _is_said(content, tool) or (folder / "hatch.toml").is_file():
        return ""
    if definition.dependencies and _stands_for_others(content):
        return ""
    module = definition.name.replace("-", "_")
    return "" if _finds(folder, tool, module) else f'there is no module "{module}" in it to be packaged'


def only_holds_others(folder: Path, definition: Definition) -> bool:
    """Whether a project with others below it has nothing itself, whichever its backend is."""
    content = glance(folder)
    said = any(_is_said(content, tool) for tool in _SAID) or bool(table_at(content, "tool", "setuptools"))
    said = said or bool(definition.dependencies and _stands_for_others(content))
    scripted = (folder / "setup.py").is_file() or (folder / "setup.cfg").is_file()
    module = definition.name.replace("-", "_")
    return not (said or scripted or _finds(folder, "poetry", module) or any(folder.glob("src/*/__init__.py")))


def develops_polylith(folder: Path) -> bool:
    """Whether polylith's workspace is there, whose own project puts all bricks together for developers.

    https://davidvujic.github.io/python-polylith-docs/workspace/
    """
    try:
        path = folder / "workspace.toml"
        own = document(path, where=path.name) if path.is_file() else {}
    except ManifestError:
        own = {}
    return any("namespace" in table_at(each, "tool", "polylith") for each in (own, glance(folder)))


def _stands_for_others(content: Mapping[str, Any]) -> bool:
    """Whether hatchling may make a wheel without modules, whose requirements are what it is there for."""
    tables = (
        table_at(content, "tool", "hatch", *keys) for keys in (("build",), ("build", "targets", "wheel"))
    )
    return any(table.get("bypass-selection") is True for table in tables)


def _is_said(content: Mapping[str, Any], tool: str) -> bool:
    return any(not _SAYING[tool].isdisjoint(table_at(content, "tool", *keys)) for keys in _SAID[tool])


def _finds(folder: Path, tool: str, module: str) -> bool:
    """Whether a backend finds a module of that name, in whatever case, by its own rules.

    https://hatch.pypa.io/latest/plugins/builder/wheel/#default-file-selection,
    https://python-poetry.org/docs/pyproject/#packages,
    https://docs.astral.sh/uv/concepts/build-backend/#modules and
    https://flit.pypa.io/en/stable/pyproject_toml.html
    """
    places = [folder / "src"] if tool == "uv" else [folder / "src", folder]
    for place in places:
        for path in place.iterdir() if place.is_dir() else ():
            if tool != "uv" and path.name.lower() == f"{module}.py":
                return True
            if path.name.lower() == module and path.is_dir():
                if tool == "poetry" or (path / "__init__.py").is_file():
                    return True
                if tool in {"flit", "uv"} and any(path.glob("__init__.py*")):
                    return True
    return tool == "hatch" and len([*folder.glob(f"*/{module}/__init__.py")]) == 1
