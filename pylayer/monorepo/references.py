"""A project's build configuration → the paths outside of its folder that its build is bound to read."""

from __future__ import annotations

import re
from glob import escape
from posixpath import dirname, normpath
from typing import TYPE_CHECKING, Any

from pylayer.monorepo import bricks, crates, inputs
from pylayer.monorepo.setupfiles import paths_in_setup_cfg, paths_in_setup_py
from pylayer.names import normalise, required_name
from pylayer.tables import table_at, value_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from pylayer.monorepo.independence import Configuration

# What build backends read of pyproject.toml. A path that climbs in there, as key or as value, is one that
# they read, and some pass over what is not there: the wheel would lack it without a word.
_TABLES = (
    "project.readme",
    "project.license",
    "tool.flit",
    "tool.hatch.build",
    "tool.hatch.metadata",
    "tool.hatch.version",
    "tool.maturin",
    "tool.pdm.build",
    "tool.pdm.version",
    "tool.poetry",
    "tool.polylith.bricks",
    "tool.scikit-build",
    "tool.setuptools",
    "tool.uv.build-backend",
)
# What of these is for developers or for sdists, is left out of a wheel, or is read in another way.
_ASIDE = frozenset(
    {
        *(
            f"tool.poetry.{key}"
            for key in ("dependencies", "dev-dependencies", "group", "packages", "source")
        ),
        *(f"tool.hatch.build.targets.{key}" for key in ("sdist", "app", "binary")),
        "tool.maturin.manifest-path",
    }
)
_ASIDE_KEYS = frozenset(
    {"dev-mode-dirs", "exclude", "exclude-package-data", "excludes", "sdist", "source-includes"}
)
# Where it says from where a version is to be counted, or where to write one.
_VERSIONERS = frozenset({"setuptools-scm", "vcs-versioning"})
_MAGIC = re.compile(r"[*?[]")
# In setup.py a text that climbs is nearly always a file that it reads.
_CLIMBING = re.compile(r"""["'](/?\.\./[^"'\n]+)["']""")


def outside(folder: Path, configuration: Configuration, *, setup_py: str = "") -> list[str]:
    """List as `inputs` what the build of the project in `folder` reads elsewhere, of what is there."""
    pyproject = configuration.pyproject
    tables = {**pyproject, "tool": {**table_at(pyproject, "tool"), "hatch": configuration.hatch}}
    named = [path for table in _tables(tables, configuration.requires) for path in _in_table(tables, table)]
    named += [f"{place}/{include}" if place else include for place, include in bricks.packages(tables)]
    named += _crates(folder, tables, configuration.files)
    # setuptools finds no package in a folder that is not there, and says nothing.
    looked_through = [*paths_in_setup_cfg(configuration.setup_cfg), *paths_in_setup_py(setup_py)]
    looked_through += _in_table(tables, "tool.setuptools")
    named += looked_through
    paths = dict.fromkeys(map(normpath, named))
    literals = dict.fromkeys(normpath(text.lstrip("/")) for text in _CLIMBING.findall(setup_py))
    return [
        *(glob for path in paths if _climbs(path) and (glob := _glob(folder, path))),
        *(glob for path in dict.fromkeys(map(normpath, looked_through)) for glob in _packages(folder, path)),
        *(escape(path) for path in literals if _climbs(path) and (folder / path).is_file()),
    ]


def _tables(tables: Mapping[str, Any], requires: Collection[str]) -> Iterator[str]:
    """The tables that backends read, with those that are called like what builds beside them."""
    yield from _TABLES
    builders = set(map(required_name, requires)) - _VERSIONERS
    yield from (f"tool.{key}" for key in table_at(tables, "tool") if normalise(key) in builders)


def _in_table(tables: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from _texts(value_at(tables, *place.split(".")), place)


def _texts(value: object, place: str) -> Iterator[str]:
    """All keys and texts of a value, but for what is aside."""
    if place in _ASIDE:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, place)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in _ASIDE_KEYS:
                yield key
                yield from _texts(inner, f"{place}.{key}")


def _crates(folder: Path, tables: Mapping[str, Any], files: Collection[str]) -> Iterator[str]:
    """The crate that maturin or setuptools-rust compiles; maturin names its Cargo.toml alone."""
    manifest = value_at(tables, "tool", "maturin", "manifest-path")
    named = isinstance(manifest, str)
    if named:
        yield dirname(manifest)
    if named or crates.MANIFEST in files:
        yield from crates.outside(folder, manifest if named else crates.MANIFEST)


def _glob(folder: Path, path: str) -> str:
    """What stands for a path among `inputs`; empty where nothing is there."""
    if (folder / path).exists():
        return escape(path)
    return path if _MAGIC.search(path) and next(inputs.matches(folder, path), None) else ""


def _packages(folder: Path, path: str) -> Iterator[str]:
    """The packages in one of the folders that hold the project: not all that is beside it."""
    if _climbs(path) or not path.startswith(".."):
        return
    above = folder.parents[path.count("..") - 1]
    for each in sorted(above.iterdir()):
        if not folder.is_relative_to(each) and (each / "__init__.py").is_file():
            yield escape(f"{path}/{each.name}")


def _climbs(path: str) -> bool:
    """Whether a path leads out, to something beside the folders that hold the project."""
    return path.startswith("../") and path.rpartition("/")[2] != ".."
