"""An archive → how much of it each distribution takes, packed and unpacked, and of which kinds of files."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, field
from typing import TYPE_CHECKING

from pylayer.checks.contents import claims_in, owner
from pylayer.dataclassing import dataclass
from pylayer.errors import StoreError
from pylayer.store import hash_file
from pylayer.store.kinds import WEIGHTS
from pylayer.zips.format import CENTRAL, LOCAL
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pylayer.archives.catalogue import CatalogueEntry
    from pylayer.store import Store

KINDS = ("native code", "bytecode", "Python source", "other files")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedPart:
    """A distribution in an archive, or a folder (with a slash, no version) of files that belong to none.

    `size` is what it takes of the zip, headers included; `kinds` divides `unzipped_size`. All are bytes.
    """

    name: str
    version: str = ""
    size: int
    unzipped_size: int
    files: int
    kinds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What is in an archive, the heaviest part (unpacked) first.

    The sizes of the parts and `overhead`, which is the end of the zip's directory, make up the zip's; the
    unzipped sizes make up the unzipped one.
    """

    parts: tuple[WeighedPart, ...]
    overhead: int

    def part(self, name: str) -> WeighedPart | None:
        """The part of this name."""
        return next((part for part in self.parts if part.name == name), None)


def weigh(path: Path, entry: CatalogueEntry, *, store: Store | None = None) -> Weights:
    """Weigh the archive at `path`, for which `entry` stands; `store` remembers the answer.

    Raises StoreError where the archive is not what `entry` says, ArchiveError where it is damaged.
    """
    try:
        same = hash_file(path) == entry.sha256
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise StoreError(what, where=path.name, hint="build it again") from error
    if not same:
        what = "is not the archive that layers.json names"
        raise StoreError(what, where=path.name, hint="build it again")
    if known := recall(entry.sha256, store=store):
        return known
    with Zip(path) as archive:
        found = _weights(archive, entry)
    if store:
        record = {"parts": [asdict(part) for part in found.parts], "overhead": found.overhead}
        store.put_record(WEIGHTS, entry.sha256, record)
    return found


def recall(sha256: str, *, store: Store | None) -> Weights | None:
    """The weights of an archive (sha256 in hex) that was weighed before and may be gone by now."""
    record = store.record(WEIGHTS, sha256) if store else None
    if record is None:
        return None
    return Weights(parts=tuple(WeighedPart(**part) for part in record["parts"]), overhead=record["overhead"])


def _weights(archive: Zip, entry: CatalogueEntry) -> Weights:
    claims = claims_in(archive)
    sizes: Counter[str] = Counter()
    files: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = {}
    for member in archive.members:
        name = owner(member.name, claims) or f"{member.name.partition('/')[0]}/"
        sizes[name] += LOCAL.size + CENTRAL.size + 2 * len(member.raw_name) + member.packed
        files[name] += 1
        kinds.setdefault(name, Counter())[_kind(member.name)] += member.size
    versions = {distribution.name: distribution.version for distribution in entry.distributions}
    parts = [
        WeighedPart(
            name=name,
            version=versions.get(name, ""),
            size=sizes[name],
            unzipped_size=kinds[name].total(),
            files=files[name],
            kinds={kind: kinds[name][kind] for kind in KINDS if kinds[name][kind]},
        )
        for name in kinds
    ]
    parts.sort(key=lambda part: (-part.unzipped_size, part.name))
    return Weights(parts=tuple(parts), overhead=entry.size - sizes.total())


def _kind(name: str) -> str:
    file = name.rpartition("/")[2]
    if file.endswith(".so") or ".so." in file:
        return "native code"
    return {"pyc": "bytecode", "py": "Python source"}.get(file.rpartition(".")[2], "other files")
