"""pylock.toml (PEP 751) → LockfileEntry; see https://packaging.python.org/en/latest/specifications/pylock-toml/."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.locks.formats.entries import LockfileEntry
from pylayer.monorepo.provenance import Provenance
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packaging.pylock import Package

    from pylayer.locks.formats.entries import OpenedLockfile


def entries(file: OpenedLockfile) -> Iterator[LockfileEntry]:
    """Read it."""
    from packaging.pylock import Pylock, PylockValidationError

    try:
        lock = Pylock.from_dict(file.tables)
    except PylockValidationError as error:
        raise TypeError(str(error)) from error
    for package in lock.packages:
        hashes = [wheel.hashes for wheel in package.wheels or ()]
        hashes += [each.hashes for each in (package.sdist, package.archive) if each]
        yield LockfileEntry(
            name=normalise(package.name),
            version=str(package.version or ""),
            markers=(package.marker,) if package.marker else (),
            hashes=frozenset(f"{kind}:{digest}" for each in hashes for kind, digest in each.items()),
            provenance=_provenance(package, file.path.parent),
        )


def _provenance(package: Package, folder: Path) -> Provenance | None:
    if vcs := package.vcs:
        if vcs.type != "git":
            raise TypeError(f"{package.name} comes from {vcs.type}: only git is supported")
        if vcs.url:
            return Provenance.repository(vcs.url, ref=vcs.commit_id, subdirectory=vcs.subdirectory or "")
        return Provenance.path(vcs.path or "", folder=folder)
    if package.directory:
        return Provenance.path(package.directory.path, folder=folder)
    if archive := package.archive:
        if archive.url:
            below = f"#subdirectory={archive.subdirectory}" if archive.subdirectory else ""
            return Provenance(kind="url", addresses=(archive.url + below,))
        return Provenance.path(archive.path or "", folder=folder)
    return Provenance(kind="registry", addresses=(package.index,)) if package.index else None
