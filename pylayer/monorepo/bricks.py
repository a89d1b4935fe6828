"""Packages that poetry takes from outside of a project → the same inside of it, where poetry-core takes any.

As polylith has them: `packages = [{ include = "acme/log", from = "../../components" }]`. poetry-core refuses
files that are not in the project's folder, so teams build by a plugin of poetry's, which copies them into it:
https://github.com/DavidVujic/poetry-multiproject-plugin.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Any

from pylayer.monorepo.independence import POETRY
from pylayer.tables import table_at, value_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pylayer.monorepo.trees import TreeEntry

_FOLDER = "_bricks"


def packages(pyproject: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where poetry's packages are taken from (empty: the project's folder), and what of there (a glob)."""
    rows = value_at(pyproject, "tool", "poetry", "packages")
    for row in rows if isinstance(rows, list) else ():
        include, place = table_at(row).get("include"), table_at(row).get("from", "")
        if isinstance(include, str) and isinstance(place, str):
            yield place, include


def places(pyproject: Mapping[str, Any], backend: str) -> tuple[str, ...]:
    """The folders outside of a project from which poetry-core is to take packages, as they are written."""
    found = dict.fromkeys(place for place, _ in packages(pyproject) if normpath(place).startswith(".."))
    return tuple(found) if backend == POETRY else ()


def laid(
    entries: Sequence[TreeEntry], taken: Sequence[str], *, subdir: str, ignored: Collection[str] = ()
) -> list[TreeEntry]:
    """The files of a project's tree, with those below `taken` places in its folder, which names them there.

    `subdir` is the project's folder in the tree, `ignored` are files that are not packaged.
    """
    prefix = "" if subdir == "." else f"{subdir}/"
    definition = next(entry for entry in entries if entry.name == f"{prefix}pyproject.toml")
    text = _text(definition)
    copies: list[TreeEntry] = []
    for number, place in enumerate(taken):
        inside = f"{_FOLDER}/{number}"
        above = normpath(f"{subdir}/{place}")
        start = "" if above == "." else f"{above}/"
        found = [
            replace(entry, name=f"{prefix}{inside}/{entry.name.removeprefix(start)}")
            for entry in entries
            if entry.name.startswith(start) and not (entry.name.startswith(prefix) or entry.name in ignored)
        ]
        if found:
            text = re.sub(rf"\bfrom(\s*=\s*)([\"']){re.escape(place)}\2", rf'from\1"{inside}"', text)
            copies += found
    rewritten = replace(definition, source=text.encode("utf-8", "surrogateescape"), stat=None, link="")
    return [*(rewritten if entry is definition else entry for entry in entries), *copies]


def _text(entry: TreeEntry) -> str:
    content = entry.source.read_bytes() if isinstance(entry.source, Path) else entry.source
    return content.decode("utf-8", "surrogateescape")
