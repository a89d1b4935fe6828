"""What a workspace says of indexes and versions → what the resolver is given, and what a lock keeps of it."""

from __future__ import annotations

from dataclasses import replace
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import redaction
from pylayer.index.indexes import Index
from pylayer.index.settings import read as read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylayer.index.indexes import IndexSettings
    from pylayer.monorepo.sourcetables import SourceTables
    from pylayer.monorepo.workspace import Workspace


def choices(found: Workspace, settings: IndexSettings) -> dict[str, Any]:
    """What decides a resolution besides requirements: for the lock, without the address of any index."""
    manifest = found.manifest
    chosen = {
        **settings.key(),
        "constraints": sorted(manifest.constraints),
        "overrides": sorted(manifest.overrides),
        "build-constraints": sorted(found.build_constraints),
        "exclude-newer": manifest.exclude_newer,
        "python": sorted(each.earliest for each in manifest.runtimes.values() if each.patch),
        "sources": sorted({each for table in found.tables for each in _elsewhere(table, manifest.root)}),
    }
    return {name: value for name, value in chosen.items() if value and value != "first-index"}


def _elsewhere(table: SourceTables, root: Path) -> Iterator[str]:
    """What is said about repositories, addresses and files: as requirements, without credentials."""
    for source in table.stated:
        address = source.provenance.address
        if source.provenance.kind in {"git", "url"}:
            address = redaction.without_login(address)
        elif source.provenance.kind == "path" and not Path(address).is_dir():
            address = f"file:{Path(relpath(address, root)).as_posix()}"
        else:
            continue
        yield f"{source.distribution} @ {address}" + (f" ; {source.marker}" if source.marker else "")


def settings_of(found: Workspace, *, offline: bool = False) -> IndexSettings:
    """What layers.toml, the packages and the environment say of indexes; raises ManifestError.

    With `offline` none is asked, as where the environment says so.
    """
    manifest = found.manifest
    tables = tuple(
        Index.at(
            index.url, name=index.name, explicit=index.explicit, default=index.default, folder=manifest.root
        )
        for index in manifest.index
    )
    pins = {name: index.name for index in manifest.index for name in index.distributions}
    settings = read_settings(manifest.root, tables=tables, pins=pins, stated=found.tables)
    return replace(settings, offline=True) if offline else settings
