"""poetry.lock → LockfileEntry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer.locks.formats.entries import LockfileEntry, hashes_of, marker_of, python_marker
from pylayer.monorepo.provenance import Provenance
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from packaging.markers import Marker

    from pylayer.locks.formats.entries import OpenedLockfile


def entries(file: OpenedLockfile) -> Iterator[LockfileEntry]:
    """Read it, in the form of poetry 1 and of poetry 2."""
    data = file.tables
    # poetry 1.0 to 1.2 keep the files of all in one table.
    apart = {normalise(name): files for name, files in data.get("metadata", {}).get("files", {}).items()}
    for row in data.get("package", ()):
        name = normalise(row["name"])
        yield LockfileEntry(
            name=name,
            version=row["version"],
            markers=_markers(row),
            hashes=hashes_of(row.get("files") or apart.get(name, ())),
            provenance=_provenance(row["source"], file.path.parent) if "source" in row else None,
        )


def _markers(row: Mapping[str, Any]) -> tuple[Marker, ...]:
    given = row.get("markers", "")
    texts = list(given.values()) if isinstance(given, dict) else [given]
    # Where one group has it without a condition, it is there in any case.
    found = tuple(marker for text in texts for marker in marker_of(text)) if all(texts) else ()
    return found or python_marker(row.get("python-versions", "*"))


def _provenance(source: Mapping[str, Any], folder: Path) -> Provenance:
    match source.get("type", "legacy"):
        case "git":
            return Provenance.repository(
                source["url"],
                ref=source["resolved_reference"],
                subdirectory=source.get("subdirectory", ""),
            )
        case "directory" | "file":
            return Provenance.path(source["url"], folder=folder)
        case "url":
            return Provenance(kind="url", addresses=(source["url"],))
        case "legacy":
            return Provenance(kind="registry", addresses=(source["url"],))
        case other:
            raise TypeError(f"sources of the type {other} are not supported")
