"""[[index]] tables, uv's settings and the repository's pyproject.toml → Settings.

What applies and in which order is uv's (https://docs.astral.sh/uv/concepts/indexes/): the environment, then
layers.toml, then the repository's, the user's and the system's configuration; of one name the first counts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import folders, redaction
from pylayer.errors import Fault, ManifestError
from pylayer.index import stating
from pylayer.index.indexes import Index, IndexPin, IndexSettings, Login
from pylayer.monorepo.sourcetables import uv_marker
from pylayer.names import address_problem, is_index_name, normalise
from pylayer.tables import (
    boolean,
    document,
    in_file,
    list_of,
    made,
    one_or_list,
    refusal,
    string,
    table,
    table_of,
    take,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.monorepo.sourcetables import SourceTables
    from pylayer.tables import Parse


def _address(value: object) -> str:
    """Take where an index is, without telling what may be a credential in it."""
    if problem := address_problem(string(value)):
        raise refusal(problem)
    return string(value)


def _marker(value: object) -> str:
    from packaging.markers import InvalidMarker, Marker

    try:
        return str(Marker(string(value))) and string(value)
    except InvalidMarker as error:
        raise refusal(f"is no marker (PEP 508): {str(error).partition(chr(10))[0]}") from error


def _index(row: dict[str, Any]) -> dict[str, Any]:
    if "url" not in row:
        raise refusal("an index needs a url")
    name = row.get("name", "")
    if (name and not is_index_name(name)) or (row.get("explicit") and not name):
        raise refusal("needs a name of letters, digits, '-', '_' and '.'")
    return row


# What of uv's settings is of use here; it has many more, which it reads itself.
_INDEX = made(
    table(
        {"url": _address, "name": text, "explicit": boolean, "default": boolean, "format": string},
        others=True,
    ),
    _index,
)
_SOURCE = table({"index": string, "marker": _marker, "extra": string, "group": string}, others=True)
_UV = table(
    {
        "index": list_of(_INDEX),
        "index-url": _address,
        "extra-index-url": list_of(_address),
        "find-links": list_of(_address),
        "keyring-provider": string,
        "index-strategy": string,
        "no-index": boolean,
        "sources": table_of(one_or_list(_SOURCE)),
    },
    others=True,
)
_PYPROJECT = table({"tool": table({"uv": _UV}, others=True)}, others=True)


def read(
    root: Path,
    *,
    tables: Sequence[Index] = (),
    pins: Mapping[str, str] | None = None,
    stated: Sequence[SourceTables] = (),
    env: Mapping[str, str] | None = None,
) -> IndexSettings:
    """Put together what applies in the repository at `root`.

    `tables` and `pins` (distribution → index name) are those of layers.toml, `stated` what pyproject.toml
    files say, that of `root` first. Raises ManifestError that lists all that is wrong in the configuration
    files.
    """
    env = dict(os.environ if env is None else env)
    faults: list[Fault] = []
    given = [*_from_environment(env, faults), *tables]
    pinnings = [IndexPin(distribution=normalise(name), index=index) for name, index in (pins or {}).items()]
    links = [Index.at(link) for link in _words(env, "UV_FIND_LINKS", faults, separator=",")]
    scalars: dict[str, Any] = {}
    for path, row in _configurations(root, env, faults):
        given += _from_table(row, folder=path.parent)
        links += [Index.at(link, folder=path.parent) for link in _flat(row)]
        scalars = {**row, **scalars}
        if path.parent == root:
            pinnings += _sources(row)
    given += stating.of_root(stated, folder=root)
    given += stating.of_packages(stated, known=given, folder=root, faults=faults)
    pinnings += stating.pinnings(stated, but=pins or {})
    pinnings = list(dict.fromkeys(pinnings))
    given += stating.public(pinnings, known=given)
    indexes = _distinct(given, env)
    known = {index.name for index in indexes}
    faults += [
        Fault(
            what=f'{each.distribution} is pinned to the index "{each.index}", which is not defined',
            hint="define it in [[index]], or in the variable UV_INDEX as name=address",
        )
        for each in pinnings
        if each.index not in known
    ]
    if faults:  # which may show what was written, an address for one
        raise ManifestError.of(replace(fault, what=redaction.addresses(fault.what)) for fault in faults)
    keyring = env.get("UV_KEYRING_PROVIDER") or scalars.get("keyring-provider") or ""
    return IndexSettings(
        indexes=tuple(index for index in indexes if not index.default),
        default=next((index for index in indexes if index.default), None),
        pinnings=tuple(pinnings),
        find_links=tuple(links),
        strategy=env.get("UV_INDEX_STRATEGY") or scalars.get("index-strategy") or "first-index",
        keyring=(keyring or env.get("PIP_KEYRING_PROVIDER", "")) in {"subprocess", "import"},
        no_index=scalars.get("no-index", False),
        offline=_true(env.get("UV_OFFLINE", "")),
        env=env,
    )


def _from_environment(env: Mapping[str, str], faults: list[Fault]) -> list[Index]:
    words = [*_words(env, "UV_INDEX", faults), *_words(env, "UV_EXTRA_INDEX_URL", faults)]
    defaults = [*_words(env, "UV_DEFAULT_INDEX", faults), *_words(env, "UV_INDEX_URL", faults)]
    return [*map(_named, words), *(replace(_named(word), default=True) for word in defaults)]


def _words(
    env: Mapping[str, str], variable: str, faults: list[Fault], *, separator: str | None = None
) -> list[str]:
    """The addresses, with or without a name before, that a variable has."""
    words = [word for word in env.get(variable, "").split(separator) if word]
    faults += [Fault(what=problem, where=variable) for word in words if (problem := address_problem(word))]
    return [word for word in words if not address_problem(word)]


def _named(text: str) -> Index:
    name, given, url = text.partition("=")
    return Index.at(url, name=name) if given and url and is_index_name(name) else Index.at(text)


def _configurations(
    root: Path, env: Mapping[str, str], faults: list[Fault]
) -> list[tuple[Path, dict[str, Any]]]:
    """Give the tables that uv would read, the most particular first; of each what is of a right type."""
    if (named := env.get("UV_CONFIG_FILE")) and not _true(env.get("UV_NO_CONFIG", "")):
        return [(Path(named), _read(_UV, Path(named), where=named, faults=faults))]
    found = []
    own, project = root / "uv.toml", root / "pyproject.toml"
    tool = _read(_PYPROJECT, project, where=project.name, faults=faults) if project.is_file() else {}
    table = tool.get("tool", {}).get("uv", {})
    if own.is_file():
        # As with uv, this file replaces all of [tool.uv] but what only a pyproject.toml can say.
        table = {**_read(_UV, own, where=own.name, faults=faults), "sources": table.get("sources", {})}
        found.append((own, table))
    elif table:
        found.append((project, table))
    if _true(env.get("UV_NO_CONFIG", "")):
        return found
    home = folders.expanded(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or "~", ".config"))
    system = [Path(folder) for folder in env.get("XDG_CONFIG_DIRS", "").split(":") if folder]
    places = [home, *system, Path("/etc")]
    paths = [place / "uv" / "uv.toml" for place in places]
    others = [(path, _read(_UV, path, where=str(path), faults=faults)) for path in paths if path.is_file()]
    return found + others


def _read(parse: Parse[dict[str, Any]], path: Path, *, where: str, faults: list[Fault]) -> dict[str, Any]:
    """Read one file; raises ManifestError where it is no TOML."""
    own: list[Fault] = []
    none: dict[str, Any] = {}
    row = take(parse, document(path, where=where), default=none, faults=own)
    faults += in_file(where, own)
    return row


def _from_table(table: Mapping[str, Any], *, folder: Path) -> list[Index]:
    found = []
    for row in table.get("index", ()):
        if row.get("format") != "flat":
            flags = {key: row.get(key, False) for key in ("explicit", "default")}
            found.append(Index.at(row["url"], name=row.get("name", ""), folder=folder, **flags))
    found += [Index.at(url, folder=folder) for url in table.get("extra-index-url", ())]
    if url := table.get("index-url"):
        found.append(Index.at(url, default=True, folder=folder))
    return found


def _flat(table: Mapping[str, Any]) -> list[str]:
    """Give the addresses of plain lists of files."""
    rows = [row for row in table.get("index", ()) if row.get("format") == "flat"]
    return [*table.get("find-links", ()), *(row["url"] for row in rows)]


def _sources(table: Mapping[str, Any]) -> list[IndexPin]:
    """Read which distributions [tool.uv.sources] takes from an index."""
    found = []
    for name, rows in table.get("sources", {}).items():
        for row in rows:
            if "index" in row and "group" not in row:
                pinning = IndexPin(distribution=normalise(name), index=row["index"])
                found.append(replace(pinning, marker=uv_marker(row)))
    return found


def _distinct(given: Sequence[Index], env: Mapping[str, str]) -> list[Index]:
    """Keep the first of each name, or of each address where there is none, with its credentials."""
    kept: dict[str, Index] = {}
    for index in given:
        kept.setdefault(index.name or index.url, _with_environment(index, env))
    return list(kept.values())


def _with_environment(index: Index, env: Mapping[str, str]) -> Index:
    username = env.get(f"{index.variable}_USERNAME")
    password = env.get(f"{index.variable}_PASSWORD")
    if not index.name or (username is None and password is None):
        return index
    return replace(index, login=Login(username=username or "", password=password))


def _true(text: str) -> bool:
    return text.lower() in {"1", "true", "yes", "on", "y", "t"}
