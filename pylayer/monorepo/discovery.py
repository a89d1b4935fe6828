"""The globs of `packages` → the projects in the folders that they match, or what is wrong with each."""

from __future__ import annotations

from dataclasses import field, replace
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError
from pylayer.monorepo import projectfile
from pylayer.monorepo.following import Following, Workspaces
from pylayer.monorepo.trees import SKIPPED, leaving, walk
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.config.manifest import Manifest
    from pylayer.monorepo.projectfile import Definition
    from pylayer.monorepo.sourcetables import SourceTables

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The projects by name, as they say of themselves.

    `broken` are the names that folders with unreadable projects suggest: whoever asks for one of them need
    not be told that it does not exist. `passed` says by name of folders that are no packages why not; of
    those that were asked for, `faults` do too. `followed` are the projects that others take from a path or
    from the workspace, and no glob matches: they are built where they are needed, and are no layers. `tables`
    are all that is said about sources, first those beside layers.toml, then those of workspaces. `workspaces`
    are the folders of these, by the names of their members.
    """

    definitions: Mapping[str, Definition]
    broken: frozenset[str]
    passed: Mapping[str, Fault]
    faults: tuple[Fault, ...]
    followed: frozenset[str] = frozenset()
    tables: tuple[SourceTables, ...] = ()
    workspaces: Mapping[str, Path] = field(default_factory=dict)


def discover(manifest: Manifest) -> Found:
    """Read the projects in all folders that `packages` match, in the order of the folders' names."""
    matched = _matched(manifest)
    around = Workspaces(manifest.root)
    following = Following(manifest, around)
    definitions = dict(matched.definitions)
    while more := {definition.name: definition for definition in following.next(definitions)}:
        definitions |= more
    workspaces = {
        name: top for name, definition in definitions.items() if (top := around.of(definition.folder))
    }
    tops = {manifest.root, *workspaces.values()} - {each.folder for each in definitions.values()}
    return replace(
        matched,
        definitions=definitions,
        faults=(*matched.faults, *following.faults(definitions)),
        followed=frozenset(definitions) - matched.definitions.keys(),
        tables=(
            around.tables(manifest.root),
            *(around.tables(top) for top in sorted(tops - {manifest.root})),
            *(definition.tables for definition in definitions.values()),
        ),
        workspaces=workspaces,
    )


def _matched(manifest: Manifest) -> Found:
    """What the folders have that `packages` match."""
    definitions: dict[str, Definition] = {}
    broken: set[str] = set()
    passed: dict[str, Fault] = {}
    faults: list[Fault] = []
    # `**` matches all folders between, of which only projects are meant.
    crossing = {_key(manifest, index) for index, glob in enumerate(manifest.packages) if "**" in glob}
    for place, key in _folders(manifest, faults).items():
        folder = Path(normpath(manifest.root / place))
        definition, found = projectfile.read(folder, where=place)
        faults += found
        if definition is None and not found and key in crossing:
            continue
        if definition is None:
            broken.add(normalise(folder.name))
            if not found:
                faults += _not_a_project(folder, place, key, manifest)
        elif definition.no_package:
            passed[definition.name] = _passed(definition, place, key)
            if place in map(normpath, manifest.packages):
                faults.append(passed[definition.name])
        elif first := definitions.get(definition.name):
            what = f'is a second project named "{first.name}": {first.where} is the first'
            hint = f'give it another name, or leave it out: packages = [..., "!{place}"]'
            faults.append(Fault(what=what, where=place, hint=hint))
        else:
            definitions[definition.name] = definition
    return Found(definitions=definitions, broken=frozenset(broken), passed=passed, faults=tuple(faults))


def _passed(definition: Definition, place: str, key: str) -> Fault:
    return Fault(
        what=f'{place} ("{definition.name}") is no package: {definition.no_package}',
        where=key,
        hint=f'leave it out: packages = [..., "!{place}"]; or give it a [build-system] that makes it one',
    )


def _folders(manifest: Manifest, faults: list[Fault]) -> dict[str, str]:
    """Give the folders that are matched, relative to the manifest's, each with the key that named it."""
    folders: dict[str, str] = {}
    left_out: set[str] = set()
    for index, glob in enumerate(manifest.packages):
        key = _key(manifest, index)
        wanted = glob.removeprefix("!")
        hits = matched(manifest.root, wanted)
        if glob.startswith("!"):
            left_out.update(hits)
        elif not hits:
            faults.append(
                Fault(what=f'"{glob}" matches no folder', where=key, hint=_nearest(manifest.root, glob))
            )
        else:
            folders |= dict.fromkeys(hits, key) | folders
    return {place: folders[place] for place in sorted(folders) if place not in left_out}


def _key(manifest: Manifest, index: int) -> str:
    return f"{manifest.path.name}: packages[{index}]"


def matched(root: Path, glob: str) -> list[str]:
    """List the folders that a glob matches, relative to `root`; never hidden ones, nor what tools leave."""
    place = normpath(glob)
    if _MAGIC.isdisjoint(place):
        return [place] if (root / place).is_dir() else []
    climbs = place.split("/").count("..")
    top = root.parents[min(climbs, len(root.parents)) - 1] if climbs else root
    hits = []
    for path in top.glob(place[3 * climbs :]):
        parts = path.parts[len(top.parts) :]
        left = any(part[0] == "." or part in SKIPPED or leaving(part) for part in parts)
        if not left and path.is_dir():
            hits.append("../" * climbs + "/".join(parts) or ".")
    return hits


def _nearest(root: Path, glob: str) -> str:
    """Say how far the path of a glob goes."""
    place = Path()
    for part in Path(glob).parts:
        if not (_MAGIC.isdisjoint(part) and (root / place / part).is_dir()):
            break
        place /= part
    return (
        f"nothing in {(root / place).name}/ matches the rest" if place.parts else f"it is relative to {root}"
    )


def _not_a_project(folder: Path, place: str, key: str, manifest: Manifest) -> list[Fault]:
    """Refuse a folder without a build definition, unless nothing is left in it but what tools leave."""
    try:
        # Nothing of it is read, wherever it leads.
        own = (entry for entry in walk(folder, within=Path(folder.anchor)) if not leaving(entry.name))
        if place not in manifest.packages and next(own, None) is None:
            return []
    except ManifestError as error:
        return list(error.faults)
    what = f"{place} has no build definition: no pyproject.toml with [build-system] or [project], "
    what += "no setup.py that sets something up"
    return [Fault(what=what, where=key, hint=f'give it one, or leave it out: packages = [..., "!{place}"]')]
