"""Packages that others take from a path, or from the workspace → their definitions and folders."""

from __future__ import annotations

import os
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

from pylayer import below
from pylayer.errors import Fault
from pylayer.markers import may_hold
from pylayer.monorepo import members, projectfile, sourcetables
from pylayer.monorepo.provenance import Provenance
from pylayer.monorepo.sourcetables import Stated
from pylayer.names import normalise, required_name
from pylayer.tables import document, table_at, value_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pylayer.config.manifest import Manifest
    from pylayer.monorepo.projectfile import Definition
    from pylayer.monorepo.sourcetables import SourceTables
    from pylayer.targets import Target


def tables_of(folder: Path, *, root: Path) -> SourceTables:
    """What the pyproject.toml in a folder says of sources; nothing where there is none."""
    path = folder / projectfile.PYPROJECT
    where = Path(os.path.relpath(path, root)).as_posix()
    content = document(path, where=where) if path.is_file() else {}
    if (own := folder / "uv.toml").is_file():
        # As with uv, this file replaces all of [tool.uv] but what only a pyproject.toml can say.
        uv = table_at(content, "tool", "uv")
        kept = {key: uv[key] for key in ("sources", "workspace") if key in uv}
        replaced = {**document(own, where=Path(os.path.relpath(own, root)).as_posix()), **kept}
        content = {**content, "tool": {**table_at(content, "tool"), "uv": replaced}}
    return sourcetables.read(content, folder=folder, where=where)


class Workspaces:
    """The workspaces of uv, PDM and Rye in a repository of which packages are members, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._repository = below.repository(root)
        self._tables: dict[Path, SourceTables] = {}

    def tables(self, folder: Path) -> SourceTables:
        """What the pyproject.toml of a workspace in `folder` says."""
        if folder not in self._tables:
            self._tables[folder] = tables_of(folder, root=self._root)
        return self._tables[folder]

    def of(self, folder: Path) -> Path | None:
        """The folder of the one that a package is a member of, if any; no other repository's."""
        found = members.workspace_of(folder)
        return found if found and found.is_relative_to(self._repository) else None


class Following:
    """Finds the packages that others take from a path, or from the workspace, and that no glob matched."""

    def __init__(self, manifest: Manifest, workspaces: Workspaces) -> None:
        self._root = manifest.root
        self._workspaces = workspaces
        layers = (*manifest.layers, *((manifest.template,) if manifest.template else ()))
        self._asked = {required_name(text) for layer in layers for text in layer.requirements}
        self._targets = list(dict.fromkeys(target for layer in layers for target in layer.targets))

    def next(self, known: Mapping[str, Definition]) -> Iterator[Definition]:
        """Give packages that `known` ones require and that are not among them.

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
                    yield definition
                    break

    def faults(self, known: Mapping[str, Definition]) -> list[Fault]:
        """Refuse a path that leads to another folder than the one which has the package."""
        return [
            Fault(
                what=f"takes {stated.distribution} from {stated.provenance}, but the package of that name "
                f"is in {known[stated.distribution].folder}",
                where=stated.where,
                hint="name that folder, or leave the other out of `packages` in layers.toml",
            )
            for stated in self._stated(known)
            if stated.distribution in known
            and stated.provenance.kind == "path"
            and Path(stated.provenance.address).is_dir()
            and not Path(stated.provenance.address).samefile(known[stated.distribution].folder)
            and applies(stated, self._targets)
        ]

    def _stated(self, known: Mapping[str, Definition]) -> list[Stated]:
        folders = (self._folder(each.tables.where) for each in known.values() if each.tables.where)
        tops = dict.fromkeys([self._root, *filter(None, map(self._workspaces.of, folders))])
        return [
            *(stated for top in tops for stated in self._workspaces.tables(top).stated),
            *(stated for definition in known.values() for stated in definition.tables.stated),
            *(stated for top in tops for stated in self._implied(top)),
        ]

    def _implied(self, top: Path) -> Iterator[Stated]:
        """What a workspace says of each of its members, where nobody has to write it."""
        table = self._workspaces.tables(top)
        for folder in self._members(top, table) if table.implicit else ():
            name = value_at(projectfile.glance(folder), "project", "name")
            if isinstance(name, str):
                provenance = Provenance.path(".", folder=folder)
                yield Stated(distribution=normalise(name), provenance=provenance, where=table.where)

    def _members(self, top: Path, table: SourceTables) -> Iterator[Path]:
        left = {path for glob in table.excluded for path in top.glob(glob)}
        for glob in table.members:
            for path in sorted(top.glob(glob)) if glob not in {".", "./"} else []:
                if path.is_dir() and path not in left:
                    yield path

    def _folder(self, where: str) -> Path:
        return Path(normpath(self._root / where)).parent

    def _folders(self, stated: Stated) -> Iterator[Path]:
        if stated.provenance.kind == "path":
            folder = Path(stated.provenance.address)
            yield from [folder] if folder.is_dir() else []
        elif stated.provenance.kind == "workspace":
            own = self._folder(stated.where)
            top = self._workspaces.of(own) or (own if self._workspaces.tables(own).members else self._root)
            table = self._workspaces.tables(top)
            members = list(self._members(top, table))
            # The name of a folder says most of the time who is in it.
            yield from sorted(members, key=lambda path: normalise(path.name) != stated.distribution)


def applies(stated: Stated, targets: Iterable[Target], extras: Collection[str] | None = None) -> bool:
    """Whether what is stated holds for one of `targets`; a marker that cannot be read does.

    It is asked with `extras` (normalised); where it is not known which, with all those that it names.
    """
    asked = sourcetables.extras_in(stated.marker) if extras is None else extras
    return any(may_hold(stated.marker, target.markers, extras=asked) for target in targets)
