"""Pipfile.lock → LockfileEntry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pylayer.errors import ManifestError
from pylayer.locks.formats.entries import LockfileEntry, marker_of
from pylayer.monorepo.provenance import Provenance
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pylayer.locks.formats.entries import OpenedLockfile


def entries(file: OpenedLockfile) -> Iterator[LockfileEntry]:
    """Read it, its packages for development where none of the others has their name."""
    try:
        data = json.loads(file.path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"is not JSON: {error}", where=file.label) from error
    registries = {row["name"]: row["url"] for row in data.get("_meta", {}).get("sources", ())}
    rows: Mapping[str, Any] = {**data.get("develop", {}), **data.get("default", {})}
    for name, row in rows.items():
        yield LockfileEntry(
            name=normalise(name),
            version=row.get("version", "").removeprefix("==").lstrip("="),
            markers=marker_of(row.get("markers", "")),
            hashes=frozenset(row.get("hashes", ())),
            provenance=_provenance(row, registries, file.path.parent),
        )


def _provenance(row: Mapping[str, Any], registries: Mapping[str, str], folder: Path) -> Provenance | None:
    if "git" in row:
        return Provenance.repository(
            row["git"], ref=row.get("ref", ""), subdirectory=row.get("subdirectory", "")
        )
    if written := row.get("path") or row.get("file"):
        return Provenance.at(written, folder=folder)
    # Without an index, pipenv takes the first of its sources.
    name = row.get("index") or next(iter(registries), "")
    return Provenance(kind="registry", addresses=(registries[name],)) if name in registries else None
