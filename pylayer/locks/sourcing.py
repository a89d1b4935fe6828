"""What layers.toml says of indexes and versions → what the resolver is given, and what a lock keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer.index.indexes import Index

if TYPE_CHECKING:
    from pylayer.config.manifest import Manifest
    from pylayer.index.indexes import IndexSettings


def choices(manifest: Manifest, settings: IndexSettings) -> dict[str, Any]:
    """What decides a resolution besides requirements: for the lock, without any address."""
    found = {
        **settings.key(),
        "constraints": sorted(manifest.constraints),
        "overrides": sorted(manifest.overrides),
        "build-constraints": sorted(manifest.build_constraints),
        "exclude-newer": manifest.exclude_newer,
    }
    return {name: value for name, value in found.items() if value and value != "first-index"}


def indexes(manifest: Manifest) -> tuple[tuple[Index, ...], dict[str, str]]:
    """The indexes of layers.toml, and the distributions that come from one of them alone."""
    tables = tuple(
        Index.at(one.url, name=one.name, explicit=one.explicit, default=one.default, folder=manifest.root)
        for one in manifest.index
    )
    return tables, {name: one.name for one in manifest.index for name in one.distributions}
