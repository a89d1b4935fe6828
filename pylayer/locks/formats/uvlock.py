"""uv.lock → LockfileEntry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from packaging.markers import Marker
from packaging.requirements import Requirement

from pylayer.locks.formats.entries import LockfileEntry, hashes_of
from pylayer.monorepo.provenance import Provenance
from pylayer.names import normalise
from pylayer.tables import table_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pylayer.locks.formats.entries import OpenedLockfile


def entries(file: OpenedLockfile) -> Iterator[LockfileEntry]:
    """Read it; what its tables mean is written down in uv's code alone."""
    content = file.tables
    for row in table_at(content, "manifest").get("overrides", ()):
        yield LockfileEntry(name=normalise(row["name"]), override=_override(row))
    for row in content.get("package", ()):
        provenance = _provenance(row["source"], file.path.parent) if "source" in row else None
        files = [*row.get("wheels", ()), *([row["sdist"]] if "sdist" in row else ())]
        yield LockfileEntry(
            name=normalise(row["name"]),
            version=row.get("version", ""),
            markers=tuple(Marker(text) for text in row.get("resolution-markers", ())),
            hashes=hashes_of(files),
            provenance=provenance,
        )


def python(file: OpenedLockfile) -> str:
    """The Pythons that it, or a pylock.toml, is for: uv leaves out the files of others."""
    said = file.tables.get("requires-python")
    return said if isinstance(said, str) else ""


def _override(row: Mapping[str, Any]) -> str:
    """What `override-dependencies` of `[tool.uv]` had; an address of it is the package's own, below."""
    extras = f"[{','.join(row['extras'])}]" if row.get("extras") else ""
    marker = f" ; {row['marker']}" if row.get("marker") else ""
    return str(Requirement(f"{row['name']}{extras}{row.get('specifier', '')}{marker}"))


def _provenance(source: Mapping[str, Any], folder: Path) -> Provenance:
    if "git" in source:
        # https://git.example/a?subdirectory=b&rev=main#0123
        parts = urlsplit(source["git"])
        return Provenance.repository(
            urlunsplit(parts._replace(query="", fragment="")),
            ref=parts.fragment,
            subdirectory=parse_qs(parts.query).get("subdirectory", [""])[0],
        )
    if "registry" in source:
        address = source["registry"]
        local = Provenance.path(address, folder=folder)
        return Provenance(kind="registry", addresses=(address if "://" in address else local.address,))
    if "url" in source:
        return Provenance(kind="url", addresses=(source["url"],))
    for key in ("path", "directory", "editable", "virtual"):
        if key in source:
            return Provenance.path(source[key], folder=folder)
    raise TypeError(f"a source of {', '.join(source) or 'nothing'} is not known")
