"""Folders of archives, each with its layers.json → one of them all."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pylayer import unfinished
from pylayer.alone import alone
from pylayer.archives import catalogue
from pylayer.commands.tidying import BESIDE
from pylayer.config import manifest as manifests
from pylayer.errors import Fault, StoreError, UsageError
from pylayer.store import hash_file, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pylayer.archives.catalogue import CatalogueEntry


def collect(manifest: Path, folders: Sequence[Path], *, say: Callable[[str], None]) -> None:
    """Copy the archives that are listed in some folders, or right below them, into the output folder.

    What is listed there already stays, unless it is of one of these builds. Raises UsageError for a folder
    that has none, StoreError for archives that are not what their layers.json says, and for two that differ.
    """
    read, _ = manifests.read(manifest)
    output = read.output
    found: dict[str, tuple[Path, CatalogueEntry]] = {}
    faults: list[Fault] = []
    for listing in _listings(folders):
        for identifier, entry in catalogue.read(listing).builds.items():
            archive = listing.parent / entry.path
            if problem := _problem(archive, entry):
                faults.append(Fault(what=problem, where=str(archive), hint="have its job make it again"))
            elif found.setdefault(identifier, (archive, entry))[1].sha256 != entry.sha256:
                other = found[identifier][0]
                what = f"is another archive of {identifier} than {other}"
                faults.append(Fault(what=what, where=str(archive), hint="let one job make each build"))
    if faults:
        raise StoreError.of(faults)
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
    with alone(output):
        for identifier, (archive, entry) in found.items():
            _copy(archive, output / entry.path)
            for suffix in BESIDE:
                if (document := archive.with_name(identifier + suffix)).is_file():
                    _copy(document, output / document.name)
        path = output / catalogue.NAME
        entries = {identifier: entry for identifier, (_, entry) in found.items()}
        catalogue.write(path, catalogue.read(path).merged(entries))
    say(f"collected {len(found)} archives of {len(folders)} folders")


def _listings(folders: Sequence[Path]) -> Iterator[Path]:
    """The layers.json in each folder, or in the folders in it."""
    for folder in folders:
        own = folder / catalogue.NAME
        listings = [own] if own.is_file() else sorted(folder.glob(f"*/{catalogue.NAME}"))
        if not listings:
            raise UsageError(
                f"there is no {catalogue.NAME} in {folder}, nor in a folder in it",
                where="collect",
                hint="give it what other jobs' dist/layers were",
            )
        yield from listings


def _problem(archive: Path, entry: CatalogueEntry) -> str:
    if not archive.is_file():
        return "is listed, and not there"
    return "" if hash_file(archive) == entry.sha256 else "is not what its layers.json says"


def _copy(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    with writing(target), unfinished.becoming(target) as temporary:
        shutil.copyfile(source, temporary)
