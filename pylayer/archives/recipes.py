"""A Recipe, all that decides an archive's bytes → the archive, kept where it is while the recipe stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer import keys
from pylayer.archives import archive as archives
from pylayer.archives import dropping, settling
from pylayer.archives.additions import NONE
from pylayer.archives.archive import Archive
from pylayer.dataclassing import dataclass
from pylayer.errors import ArchiveError
from pylayer.store import hash_file
from pylayer.store.kinds import ARCHIVE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from pylayer.archives.additions import Additions
    from pylayer.archives.archive import Compiled
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What an archive is made of: `compiled` are companions, `drop` and `prefer` are as `Layer` has them.

    With `only_bytecode`, bytecode takes the place of its sources.
    """

    target: Target
    wheels: tuple[Wheel, ...]
    compiled: tuple[Compiled, ...] = ()
    only_bytecode: bool = False
    files: Additions = NONE
    drop: tuple[str, ...] = ()
    prefer: tuple[tuple[str, str], ...] = ()

    @property
    def sha256s(self) -> tuple[str, ...]:
        """Those (hex) of the files that it is put together from, but for the layer's own."""
        wheels = tuple(wheel.sha256 for wheel in self.wheels)
        return (*wheels, *(compiled.sha256 for compiled in self.compiled))

    @property
    def key(self) -> str:
        """What the archive is kept under (hex)."""
        return keys.key(
            {
                "format": FORMAT,
                "runtime": self.target.runtime.name,  # the shebangs of scripts name it
                "only bytecode": self.only_bytecode,
                "wheels": sorted(wheel.sha256 for wheel in self.wheels),
                "compiled": sorted(compiled.sha256 for compiled in self.compiled),
                "files": self.files.sha256,
                "drop": [dropping.FORMAT, *self.drop] if self.drop else [],
                **({"prefer": [settling.FORMAT, *self.prefer]} if self.prefer else {}),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """An archive, whether it had to be written, and what a user should hear of that."""

    archive: Archive
    fresh: bool
    notes: tuple[str, ...] = ()


def assemble(recipe: Recipe, place: Path, *, store: Store) -> Assembled:
    """Give the archive of `recipe` at `place`, written unless it is there; raises as `archive.assemble`."""
    if already := kept(recipe, place, store=store):
        return Assembled(archive=already, fresh=False)
    runtime = recipe.target.runtime
    dropped, settled = dropping.Dropped(), settling.Settled()
    if recipe.drop:
        bytecode = [compiled.path for compiled in recipe.compiled]
        dropped = dropping.choose(recipe.wheels, bytecode, patterns=recipe.drop, runtime=runtime)
    if recipe.prefer:
        settled = settling.settle(recipe.wheels, prefer=recipe.prefer, runtime=runtime, without=dropped.paths)

    def assembled(lost: Mapping[str, Collection[str]]) -> Archive:
        return archives.assemble(
            recipe.wheels,
            place,
            target=recipe.target,
            bytecode=recipe.compiled,
            files=recipe.files.path,
            without=dropped.paths,
            lost=lost,
        )

    try:
        archive = assembled(settled.lost)
    except ArchiveError:
        if recipe.prefer:
            raise
        # Few layers have files that are alike, and each wheel would have to be looked into.
        settled = settling.settle(recipe.wheels, prefer=(), runtime=runtime, without=dropped.paths)
        if not settled.lost:
            raise
        archive = assembled(settled.lost)
    store.put_record(ARCHIVE, recipe.key, _to_json(archive))
    notes = (*(dropped.notes if recipe.drop else ()), *settled.notes)
    return Assembled(archive=archive, fresh=True, notes=notes)


def kept(recipe: Recipe, place: Path, *, store: Store) -> Archive | None:
    """Give the archive of `recipe` where it is at `place`."""
    known = recorded(recipe, place, store=store)
    return known if known and place.is_file() and hash_file(place) == known.sha256 else None


def recorded(recipe: Recipe, place: Path, *, store: Store) -> Archive | None:
    """Give what is known of the archive of `recipe`, be it at `place` or not."""
    record = store.record(ARCHIVE, recipe.key)
    return Archive(path=place, **record) if record else None


def _to_json(archive: Archive) -> dict[str, Any]:
    return {
        "sha256": archive.sha256,
        "size": archive.size,
        "unzipped_size": archive.unzipped_size,
        "members": archive.members,
    }
