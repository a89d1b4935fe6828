"""pdm.lock → LockfileEntry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer.locks.formats.entries import LockfileEntry, hashes_of, marker_of
from pylayer.monorepo.provenance import Provenance
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pylayer.locks.formats.entries import OpenedLockfile


def entries(file: OpenedLockfile) -> Iterator[LockfileEntry]:
    """Read it; https://pdm-project.org/latest/usage/lockfile/."""
    for row in file.tables.get("package", ()):
        yield LockfileEntry(
            name=normalise(row["name"]),
            version=row.get("version", ""),
            markers=marker_of(row.get("marker", "")),
            hashes=hashes_of(row.get("files", ())),
            provenance=_provenance(row, file.path.parent),
        )


def _provenance(row: Mapping[str, Any], folder: Path) -> Provenance | None:
    if "git" in row:
        return Provenance.repository(
            row["git"],
            ref=row.get("revision") or row.get("ref", ""),
            subdirectory=row.get("subdirectory", ""),
        )
    if "path" in row:
        return Provenance.path(row["path"], folder=folder)
    if "url" in row:
        return Provenance.at(row["url"].replace("${PROJECT_ROOT}", str(folder.absolute())), folder=folder)
    return None
