"""[[index]] tables, uv's settings and the repository's pyproject.toml → Settings.

What applies and in which order is uv's (https://docs.astral.sh/uv/concepts/indexes/): the environment, then
layers.toml, then the repository's, the user's and the system's configuration; of one name the first counts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer.errors import Fault, ManifestError
from pylayer.index import stating
from pylayer.index.indexes import Index, IndexPin, IndexSettings, Login
from pylayer.names import is_index_name, normalise
from pylayer.tables import document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.monorepo.sourcetables import SourceTables


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
    given = [*_from_environment(env), *tables]
    pinnings = [IndexPin(distribution=normalise(name), index=index) for name, index in (pins or {}).items()]
    links = [Index.at(link) for link in env.get("UV_FIND_LINKS", "").split(",") if link]
    scalars: dict[str, Any] = {}
    faults: list[Fault] = []
    for path, table in _configurations(root, env):
        where = path.name if path.parent == root else str(path)
        given += _from_table(table, folder=path.parent, where=where, faults=faults)
        links += [Index.at(link, folder=path.parent) for link in _flat(table)]
        scalars = {**table, **scalars}
        if path.parent == root:
            pinnings += _sources(table)
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
    if faults:
        raise ManifestError.of(faults)
    keyring = env.get("UV_KEYRING_PROVIDER") or scalars.get("keyring-provider") or ""
    return IndexSettings(
        indexes=tuple(index for index in indexes if not index.default),
        default=next((index for index in indexes if index.default), None),
        pinnings=tuple(pinnings),
        find_links=tuple(links),
        strategy=env.get("UV_INDEX_STRATEGY") or scalars.get("index-strategy") or "first-index",
        keyring=(keyring or env.get("PIP_KEYRING_PROVIDER", "")) in {"subprocess", "import"},
        no_index=scalars.get("no-index") is True,
        offline=_true(env.get("UV_OFFLINE", "")),
        env=env,
    )


def _from_environment(env: Mapping[str, str]) -> list[Index]:
    words = [*env.get("UV_INDEX", "").split(), *env.get("UV_EXTRA_INDEX_URL", "").split()]
    defaults = [env.get("UV_DEFAULT_INDEX", "").strip(), env.get("UV_INDEX_URL", "").strip()]
    return [*map(_named, words), *(replace(_named(word), default=True) for word in defaults if word)]


def _named(text: str) -> Index:
    name, given, url = text.partition("=")
    return Index.at(url, name=name) if given and url and is_index_name(name) else Index.at(text)


def _configurations(root: Path, env: Mapping[str, str]) -> list[tuple[Path, dict[str, Any]]]:
    """Give the tables that uv would read, the most particular first."""
    if (named := env.get("UV_CONFIG_FILE")) and not _true(env.get("UV_NO_CONFIG", "")):
        return [(Path(named), document(Path(named), where=named))]
    found = []
    own, project = root / "uv.toml", root / "pyproject.toml"
    table = document(project, where=project.name).get("tool", {}).get("uv", {}) if project.is_file() else {}
    if own.is_file():
        # As with uv, this file replaces all of [tool.uv] but what only a pyproject.toml can say.
        table = {**document(own, where=own.name), "sources": table.get("sources", {})}
        found.append((own, table))
    elif table:
        found.append((project, table))
    if _true(env.get("UV_NO_CONFIG", "")):
        return found
    home = Path(env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or "~", ".config")).expanduser()
    system = [Path(folder) for folder in env.get("XDG_CONFIG_DIRS", "").split(":") if folder]
    places = [home, *system, Path("/etc")]
    paths = [place / "uv" / "uv.toml" for place in places]
    return found + [(path, document(path, where=str(path))) for path in paths if path.is_file()]


def _from_table(table: Mapping[str, Any], *, folder: Path, where: str, faults: list[Fault]) -> list[Index]:
    found = []
    for number, row in enumerate(table.get("index") or ()):
        url, name = row.get("url"), row.get("name", "")
        place = f"{where}: index[{number}]"
        if not isinstance(url, str) or not url:
            faults.append(Fault(what="an index needs a url", where=place))
        elif (name and not is_index_name(name)) or (row.get("explicit") and not name):
            faults.append(Fault(what="needs a name of letters, digits, '-', '_' and '.'", where=place))
        elif row.get("format") != "flat":
            flags = {key: row.get(key) is True for key in ("explicit", "default")}
            found.append(Index.at(url, name=name, folder=folder, **flags))
    found += [Index.at(url, folder=folder) for url in _strings(table, "extra-index-url")]
    if isinstance(url := table.get("index-url"), str):
        found.append(Index.at(url, default=True, folder=folder))
    return found


def _flat(table: Mapping[str, Any]) -> list[str]:
    """Give the addresses of plain lists of files."""
    rows = [row for row in table.get("index") or () if row.get("format") == "flat"]
    return [*_strings(table, "find-links"), *(row["url"] for row in rows if isinstance(row.get("url"), str))]


def _sources(table: Mapping[str, Any]) -> list[IndexPin]:
    """Read which distributions [tool.uv.sources] takes from an index."""
    found = []
    for name, source in (table.get("sources") or {}).items():
        for row in source if isinstance(source, list) else [source]:
            if isinstance(row, dict) and isinstance(row.get("index"), str):
                pinning = IndexPin(distribution=normalise(name), index=row["index"])
                found.append(replace(pinning, marker=row.get("marker", "")))
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


def _strings(table: Mapping[str, Any], key: str) -> list[str]:
    return [each for each in table.get(key) or () if isinstance(each, str)]


def _true(text: str) -> bool:
    return text.lower() in {"1", "true", "yes", "on", "y", "t"}
