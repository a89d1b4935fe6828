"""A project's build configuration → the paths outside of its folder that its build is bound to read."""

from __future__ import annotations

import re
from glob import escape
from posixpath import normpath
from typing import TYPE_CHECKING, Any

from pylayer.tables import table_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Where paths are named: by the keys of a table, or by a text, a list, a table with `file` or `path`.
# `*` stands for every key.
_KEYS = (
    "tool.hatch.build.force-include",
    "tool.hatch.build.targets.wheel.force-include",
    "tool.polylith.bricks",
)
_VALUES = (
    "project.readme",
    "project.license",
    "tool.hatch.version.path",
    "tool.hatch.build.hooks.custom.path",
    "tool.hatch.build.targets.wheel.hooks.custom.path",
    "tool.hatch.metadata.hooks.custom.path",
    "tool.hatch.metadata.hooks.fancy-pypi-readme.fragments",
    "tool.hatch.metadata.hooks.requirements_txt.files",
    "tool.hatch.metadata.hooks.requirements_txt.optional-dependencies.*",
    "tool.poetry.readme",
    "tool.poetry.include",
    "tool.pdm.build.custom-hook",
    "tool.pdm.version.path",
    "tool.setuptools.packages.find.where",
    "tool.setuptools.package-dir.*",
    "tool.scikit-build.cmake.source-dir",
    "tool.maturin.python-source",
)
# In setup.py a text that climbs is nearly always a file that it reads.
_CLIMBING = re.compile(r"""["'](/?(?:\.\./)+[^"'\n]+)["']""")


def outside(folder: Path, pyproject: Mapping[str, Any], hatch: Mapping[str, Any], setup_py: str) -> list[str]:
    """List as `inputs` what the build of the project in `folder` reads elsewhere, of what is there.

    `hatch` is its hatch configuration, wherever that is written.
    """
    tables = {**pyproject, "tool": {**table_at(pyproject, "tool"), "hatch": hatch}}
    named = [key for path in _KEYS for value in _at(tables, path.split(".")) for key in table_at(value)]
    named += [text for path in _VALUES for value in _at(tables, path.split(".")) for text in _texts(value)]
    named += _poetry_packages(tables)
    paths = dict.fromkeys(normpath(name) for name in named)
    literals = dict.fromkeys(normpath(text.lstrip("/")) for text in _CLIMBING.findall(setup_py))
    return [
        *(escape(path) for path in paths if _climbs(path) and (folder / path).exists()),
        *(escape(path) for path in literals if _climbs(path) and (folder / path).is_file()),
    ]


def _poetry_packages(tables: Mapping[str, Any]) -> Iterator[str]:
    for packages in _at(tables, ["tool", "poetry", "packages"]):
        for package in packages if isinstance(packages, list) else ():
            include, place = table_at(package).get("include"), table_at(package).get("from", "")
            if isinstance(include, str) and isinstance(place, str):
                yield f"{place}/{include}" if place else include


def _climbs(path: str) -> bool:
    """Whether a path leads out, to something beside the folders that hold the project."""
    return path.startswith("../") and path.rpartition("/")[2] != ".."


def _at(value: Any, path: list[str]) -> Iterator[Any]:  # noqa: ANN401  any TOML value
    if not path:
        yield value
    elif path[0] == "*":
        for inner in table_at(value).values():
            yield from _at(inner, path[1:])
    elif path[0] in table_at(value):
        yield from _at(value[path[0]], path[1:])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        yield from (inner for key in ("file", "path") for inner in _texts(value.get(key)))
