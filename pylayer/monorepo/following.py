"""Packages that others take from a path, or from the workspace → their definitions and folders."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.errors import Fault
from pylayer.markers import may_hold
from pylayer.monorepo import projectfile, sourcetables
from pylayer.names import normalise, required_name
from pylayer.tables import document

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pylayer.config.manifest import Manifest
    from pylayer.monorepo.projectfile import Definition
    from pylayer.monorepo.sourcetables import SourceTables, Stated
    from pylayer.targets import Target


def root_tables(root: Path) -> SourceTables:
    """What the pyproject.toml beside layers.toml says of sources; nothing where there is none."""
    path = root / projectfile.PYPROJECT
    content = document(path, where=path.name) if path.is_file() else {}
    return sourcetables.read(content, folder=root, where=path.name)


class Following:
    """Finds the packages that others take from a path, or from the workspace, and that no glob matched."""

    def __init__(self, manifest: Manifest, top: SourceTables) -> None:
        self._root = manifest.root
        self._top = top
        layers = (*manifest.layers, *((manifest.template,) if manifest.template else ()))
        self._asked = {required_name(text) for layer in layers for text in layer.requirements}
        self._targets = list(dict.fromkeys(target for layer in layers for target in layer.targets))

    def next(self, known: Mapping[str, Definition]) -> Iterator[tuple[Definition, Path, str]]:
        """Give packages that `known` ones require and that are not among them, with folder and place.

        What cannot be read, or is called otherwise, is passed over: it may be needed by nobody.
        """
        wanted = self._asked.union(*(definition.required for definition in known.values())) - known.keys()
        found: set[str] = set()
        for stated in self._stated(known):
            name = stated.distribution
            if name not in wanted or name in found or not applies(stated, self._targets):
                continue
            for folder in self._folders(stated):
                place = Path(os.path.relpath(folder, self._root)).as_posix()
                definition, _ = projectfile.read(folder, where=place)
                if definition and definition.name == name:
                    found.add(name)
                    yield definition, folder, place
                    break

    def faults(self, known: Mapping[str, Definition], folders: Mapping[str, Path]) -> list[Fault]:
        """Refuse a path that leads to another folder than the one which has the package."""
        return [
            Fault(
                what=f"takes {stated.distribution} from {stated.provenance}, but the package of that name "
                f"is in {folders[stated.distribution]}",
                where=stated.where,
                hint="name that folder, or leave the other out of `packages` in layers.toml",
            )
            for stated in self._stated(known)
            if stated.distribution in folders
            and stated.provenance.kind == "path"
            and Path(stated.provenance.address).is_dir()
            and not Path(stated.provenance.address).samefile(folders[stated.distribution])
            and applies(stated, self._targets)
        ]

    def _stated(self, known: Mapping[str, Definition]) -> list[Stated]:
        return [
            *self._top.stated,
            *(stated for definition in known.values() for stated in definition.tables.stated),
        ]

    def _folders(self, stated: Stated) -> Iterator[Path]:
        if stated.provenance.kind == "path":
            folder = Path(stated.provenance.address)
            yield from [folder] if folder.is_dir() else []
        elif stated.provenance.kind == "workspace":
            left = {path for glob in self._top.excluded for path in self._root.glob(glob)}
            for glob in self._top.members:
                matched = sorted(self._root.glob(glob)) if glob not in {".", "./"} else []
                # The name of a folder says most of the time who is in it.
                near = [path for path in matched if normalise(path.name) == stated.distribution]
                yield from (path for path in (*near, *matched) if path.is_dir() and path not in left)


def applies(stated: Stated, targets: Iterable[Target], extras: Collection[str] | None = None) -> bool:
    """Whether what is stated holds for one of `targets`; a marker that cannot be read does.

    It is asked with `extras` (normalised); where it is not known which, with all those that it names.
    """
    asked = sourcetables.extras_in(stated.marker) if extras is None else extras
    return any(may_hold(stated.marker, target.markers, extras=asked) for target in targets)
