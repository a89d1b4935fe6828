"""What pyproject.toml files say of indexes → Indexes and IndexPins, beside those of the configuration of uv.

An index of one package's serves what that package takes from it by name, and nothing else. Where a package
takes everything from one that nobody else knows, that is refused.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pylayer.errors import Fault
from pylayer.index import publicindex
from pylayer.index.indexes import Index, IndexPin, same_place
from pylayer.monorepo.sourcetables import PYPI
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.monorepo.sourcetables import SourceTables, StatedIndex


def pinnings(stated: Sequence[SourceTables], *, but: Mapping[str, str]) -> list[IndexPin]:
    """Which distributions come from an index alone; of the names in `but`, layers.toml says it."""
    settled = {normalise(name) for name in but}
    return [
        IndexPin(distribution=source.distribution, index=source.provenance.address, marker=source.marker)
        for table in stated
        for source in table.stated
        if source.provenance.kind == "index" and source.distribution not in settled
    ]


def of_root(stated: Sequence[SourceTables], *, folder: Path) -> list[Index]:
    """The indexes of poetry and PDM beside layers.toml; those of uv are read with its other settings."""
    return [
        Index.at(each.url, name=each.name, explicit=each.explicit, default=each.alone, folder=folder)
        for each in (stated[0].indexes if stated else ())
        if each.tool != "uv"
    ]


def of_packages(
    stated: Sequence[SourceTables], *, known: Sequence[Index], folder: Path, faults: list[Fault]
) -> list[Index]:
    """The indexes that packages take something from by name, each for that alone."""
    named = {index.name for index in known}
    found: dict[str, tuple[Index, StatedIndex]] = {}
    for table in stated[1:]:
        for each in table.indexes:
            by_name = any(
                source.provenance.kind == "index" and source.provenance.address == each.name
                for source in table.stated
            )
            if not (by_name or each.explicit) and not _asked(each, known, stated):
                faults.append(
                    Fault(
                        what=f"takes distributions from {_shown(each)}, which is not used here",
                        where=each.where,
                        hint="name it in [[index]] of layers.toml, or take each distribution from it by name",
                    )
                )
            if not each.name or each.name in named:
                continue
            below = folder / PurePosixPath(each.where).parent
            index = Index.at(each.url, name=each.name, explicit=True, folder=below)
            first, whose = found.setdefault(each.name, (index, each))
            if not same_place(first.url, index.url):
                faults.append(
                    Fault(
                        what=f'uses the name "{each.name}" for another index than {whose.where} does',
                        where=each.where,
                        hint="give each index a name of its own, or name the right one in layers.toml",
                    )
                )
    return [index for index, _ in found.values()]


def public(pinned: Sequence[IndexPin], *, known: Sequence[Index]) -> list[Index]:
    """The public index, where something is to come from it by the name that poetry and PDM have for it."""
    names = {each.index for each in pinned if each.index.lower() == PYPI} - {index.name for index in known}
    default = next((index for index in known if index.default), None)
    if not names:
        return []
    url = default.url if default else publicindex.address()
    login = default.login if default else None
    return [Index(url=url, name=name, explicit=True, login=login) for name in sorted(names)]


def _asked(each: StatedIndex, known: Sequence[Index], stated: Sequence[SourceTables]) -> bool:
    """Whether an index of a package's is asked for everything anyway, or by its own tool for nothing."""
    place = PurePosixPath(each.where).parent.as_posix()
    member = any(
        fnmatchcase(place, PurePosixPath(table.where).parent.joinpath(glob.strip("./")).as_posix())
        for table in stated
        for glob in table.members
    )
    return (
        (each.tool == "uv" and member)
        or any(same_place(index.url, each.url) for index in known if not index.explicit)
        or publicindex.is_at(each.url)
    )


def _shown(each: StatedIndex) -> str:
    return f'the index "{each.name}"' if each.name else "an index of its own"
