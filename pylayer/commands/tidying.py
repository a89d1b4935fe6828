"""The output folder → what of it pylayer wrote, and no more of that."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pylayer import unfinished
from pylayer.alone import alone
from pylayer.amounts import size_text
from pylayer.archives import catalogue
from pylayer.archives.catalogue import Catalogue
from pylayer.config import manifest as manifests
from pylayer.statements import envelopes, provenance
from pylayer.store import hash_file, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pylayer.archives.catalogue import CatalogueEntry

BESIDE = (provenance.SUFFIX, envelopes.SUFFIX, ".cdx.json")


def clean(
    manifest: Path, *, say: Callable[[str], None], note: Callable[[str], None], dry: bool = False
) -> bool:
    """Remove from the output folder what builds left, and say what; whether there was anything.

    An archive that is not what layers.json says is somebody's own: it stays, and its entry too. With `dry`
    nothing is removed. Raises ManifestError, and StoreError for a layers.json that cannot be read, or what
    cannot be removed.
    """
    read, _ = manifests.read(manifest)
    output = read.output
    if not output.is_dir():
        say(f"nothing to remove: there is no {_told(output, read.root)}")
        return False
    with alone(output):
        listing = output / catalogue.NAME
        listed = catalogue.read(listing)
        others = {
            identifier: entry
            for identifier, entry in listed.builds.items()
            if not _is_ours(output / entry.path, identifier, entry)
        }
        ours = [*_files(output, listed, others)]
        if listing.is_file() and not others:
            ours.append(listing)
        size = sum(path.stat().st_size for path in ours)
        for path in () if dry else ours:
            with writing(path):
                path.unlink()
        if others and not dry:
            catalogue.write(listing, Catalogue(builds=others, extra=listed.extra))
    if not dry:
        unfinished.sweep(output)
        with suppress(OSError):  # what is somebody else's keeps it
            output.rmdir()
    for path in ours:
        say(f"{'would remove' if dry else 'removed'} {_told(path, read.root)}")
    for identifier in others:
        note(f"{listed.builds[identifier].path} is left: it is not what layers.json says of {identifier}")
    known = {listing, *ours, *(output / entry.path for entry in others.values())}
    left = sorted(path.name for path in output.iterdir() if path not in known) if output.is_dir() else []
    if left:
        note(f"{_told(output, read.root)} has files that are not pylayer's: {', '.join(left)}")
    say(f"{len(ours)} files, {size_text(size)}")
    return bool(ours)


def _files(output: Path, listed: Catalogue, others: Mapping[str, CatalogueEntry]) -> Iterator[Path]:
    """Archives, and what was written about them."""
    for identifier, entry in sorted(listed.builds.items()):
        if identifier in others:
            continue
        archive = output / entry.path
        found = [archive, *(archive.with_name(identifier + suffix) for suffix in BESIDE)]
        yield from (path for path in found if path.is_file())


def _is_ours(archive: Path, identifier: str, entry: CatalogueEntry) -> bool:
    """Whether an archive is as it was written, or gone."""
    if not archive.is_file():
        return True
    return archive.name == f"{identifier}.zip" and hash_file(archive) == entry.sha256


def _told(path: Path, root: Path) -> str:
    return os.path.relpath(path, root)
