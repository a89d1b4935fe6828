"""Tables of uv, poetry, PDM and pixi in pyproject.toml → where distributions come from, by which indexes.

What a build backend writes into a wheel has names alone: only here is it said whose they are. What the tables
mean: https://docs.astral.sh/uv/concepts/projects/dependencies/#dependency-sources,
https://python-poetry.org/docs/repositories/, https://pdm-project.org/latest/usage/config/ and
https://pixi.sh/latest/reference/pixi_manifest/.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from pylayer.dataclassing import dataclass
from pylayer.monorepo.members import WORKSPACES
from pylayer.monorepo.provenance import Provenance
from pylayer.names import normalise
from pylayer.tables import table_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

PYPI = "pypi"
# A direct reference to a place that counts from the package's folder.
_REFERENCE = re.compile(
    r"\s*(?:(?P<name>[\w.-]+)\s*(?:\[[^\]]*\])?\s*@|-e)\s*"
    r"(?:file:///?\$\{PROJECT_ROOT\}|\{root(?P<parents>(?::parent)*)(?::real)?:uri\})"
    r"(?P<path>[^#;\s]*)(?:#egg=(?P<egg>[\w.-]+))?"
)
_EXTRA = re.compile(r"""\bextra\s*[=!]=\s*['"]([^'"]*)['"]""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """`distribution` (normalised, or a glob of such names) comes from there, where `marker` (PEP 508) holds.

    A marker may ask which extras of packages are wanted. `where` is the file that says so, relative to
    layers.toml.
    """

    distribution: str
    provenance: Provenance
    marker: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedIndex:
    """An index of a pyproject.toml: `url` may hold credentials; an `explicit` one is for what names it.

    An `alone` one stands in place of the public index. `tool` is whose table it is in.
    """

    name: str
    url: str
    explicit: bool = False
    alone: bool = False
    tool: Literal["uv", "poetry", "pdm"] = "uv"
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTables:
    """What one pyproject.toml says; `members` and `excluded` are globs of a workspace.

    In an `implicit` one, members come from there without anybody saying so. `build_constraints` (PEP 508) are
    uv's, which holds itself to those of its workspace alone. `where` is the file, relative to layers.toml.
    """

    stated: tuple[Stated, ...] = ()
    indexes: tuple[StatedIndex, ...] = ()
    members: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    implicit: bool = False
    build_constraints: tuple[str, ...] = ()
    where: str = field(default="", compare=False)


def read(pyproject: Mapping[str, Any], *, folder: Path, where: str) -> SourceTables:
    """Take it from a parsed pyproject.toml in `folder`; what is not of the right form says nothing."""
    uv, poetry, pdm = (table_at(pyproject, "tool", name) for name in ("uv", "poetry", "pdm"))
    workspaces = {tool: table_at(pyproject, "tool", tool, "workspace") for tool in WORKSPACES}
    tool, workspace = next(((tool, each) for tool, each in workspaces.items() if each), ("uv", {}))
    named = (
        *_of_uv(uv, folder),
        *_of_poetry(poetry, folder),
        *_of_pdm(pdm),
        *_of_references(pyproject, folder),
        *_of_pixi(table_at(pyproject, "tool", "pixi"), folder),
    )
    return SourceTables(
        stated=tuple(
            Stated(distribution=name, provenance=provenance, marker=marker, where=where)
            for name, provenance, marker in named
        ),
        indexes=tuple(_indexes(uv, poetry, pdm, where)),
        members=tuple(_strings(workspace, "members")),
        excluded=tuple(_strings(workspace, "exclude")),
        implicit=tool != "uv",
        build_constraints=tuple(_strings(uv, "build-constraint-dependencies")),
        where=where,
    )


_Row = tuple[str, Provenance, str]


def _of_uv(uv: Mapping[str, Any], folder: Path) -> Iterator[_Row]:
    for name, rows in table_at(uv, "sources").items():
        for row in _rows(rows):
            # A group is for development: nothing of it is in a layer.
            if "group" not in row and (provenance := _of_uv_row(row, folder)):
                yield normalise(name), provenance, uv_marker(row)


def uv_marker(row: Mapping[str, Any]) -> str:
    """Where a row of `[tool.uv.sources]` holds: uv writes an extra beside the marker, PEP 508 within it."""
    extra = _text(row, "extra")
    marker = _text(row, "marker")
    return _both(marker, f"extra == '{normalise(extra)}'") if extra else marker


def extras_in(marker: str) -> frozenset[str]:
    """The extras (normalised) that a marker asks for."""
    return frozenset(map(normalise, _EXTRA.findall(marker)))


def deciding(tables: Iterable[SourceTables]) -> frozenset[str]:
    """The extras (normalised) that decide where something comes from."""
    return frozenset().union(*(extras_in(each.marker) for table in tables for each in table.stated))


def _of_uv_row(row: Mapping[str, Any], folder: Path) -> Provenance | None:
    if row.get("workspace") is True:
        return Provenance(kind="workspace")
    if name := _text(row, "index"):
        return Provenance(kind="index", addresses=(name,))
    return _place(row, folder)


def _of_poetry(poetry: Mapping[str, Any], folder: Path) -> Iterator[_Row]:
    groups = table_at(poetry, "group").values()
    tables = [table_at(poetry, "dependencies"), table_at(poetry, "dev-dependencies")]
    tables += [table_at(group, "dependencies") for group in groups]
    # Where a group for development has another place than what is published, the latter counts.
    seen: set[str] = set()
    for table in tables:
        here = set()
        for name, rows in table.items():
            for row in _rows(rows):
                source = _text(row, "source")
                index = Provenance(kind="index", addresses=(source,)) if source else None
                if (provenance := index or _place(row, folder)) and normalise(name) not in seen:
                    here.add(normalise(name))
                    yield normalise(name), provenance, _poetry_marker(row)
        seen |= here


def _poetry_marker(row: Mapping[str, Any]) -> str:
    platform = _text(row, "platform")
    return _both(_text(row, "markers"), f"sys_platform == '{platform}'" if platform else "")


def _both(*markers: str) -> str:
    return " and ".join(f"({each})" for each in markers if each)


def _place(row: Mapping[str, Any], folder: Path) -> Provenance | None:
    subdirectory = _text(row, "subdirectory")
    if url := _address(row, "git"):
        ref = _text(row, "rev") or _text(row, "tag") or _text(row, "branch")
        return Provenance.repository(url, ref=ref, subdirectory=subdirectory)
    if url := _address(row, "url"):
        below = f"#subdirectory={subdirectory}" if subdirectory else ""
        return Provenance(kind="url", addresses=(url + below,))
    if path := _text(row, "path") or _text(row, "file"):
        return Provenance.path(path, folder=folder)
    return None


def _address(row: Mapping[str, Any], key: str) -> str:
    text = _text(row, key)
    try:
        urlsplit(text)
    except ValueError:
        return ""  # such as a bracket that nothing closes
    return text


def _of_pdm(pdm: Mapping[str, Any]) -> Iterator[_Row]:
    for row in _rows(pdm.get("source", [])):
        if name := _text(row, "name"):
            for glob in _strings(row, "include_packages"):
                yield normalise(glob), Provenance(kind="index", addresses=(name,)), ""


def _of_references(pyproject: Mapping[str, Any], folder: Path) -> Iterator[_Row]:
    """The neighbours that requirements name by their folders, in the words of PDM or hatch.

    `core @ file:///${PROJECT_ROOT}/../core` and `core @ {root:parent:uri}/core` are the package's own;
    `-e file:///${PROJECT_ROOT}/../core#egg=core` is for developers; the package has the name alone.
    """
    project, pdm = table_at(pyproject, "project"), table_at(pyproject, "tool", "pdm")
    groups = (
        {"": project.get("dependencies")},
        table_at(project, "optional-dependencies"),
        table_at(pdm, "dev-dependencies"),
        table_at(pyproject, "dependency-groups"),
    )
    seen: set[str] = set()
    for text in (text for group in groups for key in group for text in _strings(group, key)):
        match = _REFERENCE.match(text)
        name = normalise(match["name"] or match["egg"] or "") if match else ""
        if match and name and name not in seen:
            seen.add(name)
            path = "../" * (match["parents"] or "").count("parent") + unquote(match["path"]).lstrip("/")
            yield name, Provenance.path(path or ".", folder=folder), ""


def _of_pixi(pixi: Mapping[str, Any], folder: Path) -> Iterator[_Row]:
    """What pixi takes from elsewhere than an index, for all of its environments or for some."""
    tables = [pixi, *table_at(pixi, "feature").values()]
    tables += [target for table in tables for target in table_at(table, "target").values()]
    seen: set[str] = set()
    for table in tables:
        for name, row in table_at(table, "pypi-dependencies").items():
            provenance = _place(row, folder) if isinstance(row, dict) else None
            if provenance and normalise(name) not in seen:
                seen.add(normalise(name))
                yield normalise(name), provenance, ""


def _indexes(
    uv: Mapping[str, Any], poetry: Mapping[str, Any], pdm: Mapping[str, Any], where: str
) -> Iterator[StatedIndex]:
    for row in _rows(uv.get("index", [])):
        if url := _text(row, "url"):
            explicit, alone = row.get("explicit") is True, row.get("default") is True
            yield StatedIndex(name=_text(row, "name"), url=url, explicit=explicit, alone=alone, where=where)
    yield from (StatedIndex(name="", url=url, where=where) for url in _strings(uv, "extra-index-url"))
    if url := _text(uv, "index-url"):
        yield StatedIndex(name="", url=url, alone=True, where=where)
    primary = [row for row in _rows(poetry.get("source", [])) if _priority(row) == "primary"]
    if any(_text(row, "name").lower() == PYPI for row in primary):
        primary = []
    for row in _rows(poetry.get("source", [])):
        if (name := _text(row, "name")) and (url := _text(row, "url")):
            # poetry asks the public index only where it is named, or no other is primary.
            alone = _priority(row) == "default" or row in primary[-1:]
            explicit = _priority(row) == "explicit"
            yield StatedIndex(name=name, url=url, explicit=explicit, alone=alone, tool="poetry", where=where)
    for row in _rows(pdm.get("source", [])):
        if (name := _text(row, "name")) and (url := _text(row, "url")) and row.get("type") != "find_links":
            explicit, alone = bool(_strings(row, "include_packages")), name == PYPI
            yield StatedIndex(name=name, url=url, explicit=explicit, alone=alone, tool="pdm", where=where)


def _priority(row: Mapping[str, Any]) -> str:
    if row.get("default") is True:
        return "default"
    return "supplemental" if row.get("secondary") is True else _text(row, "priority") or "primary"


def _rows(value: object) -> list[Mapping[str, Any]]:
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]


def _strings(table: Mapping[str, Any], key: str) -> list[str]:
    found = table.get(key)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _text(row: Mapping[str, Any], key: str) -> str:
    found = row.get(key)
    return found if isinstance(found, str) else ""
