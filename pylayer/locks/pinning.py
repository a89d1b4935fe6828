"""A layer → the lock files of its repository that hold for it, and what they say of its distributions."""

from __future__ import annotations

from contextlib import suppress
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from pylayer.errors import ManifestError
from pylayer.index import gits
from pylayer.locks import lockfiles
from pylayer.names import required_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pylayer.config.layers import Build, Layer
    from pylayer.index.pins import Pin
    from pylayer.locks.formats.entries import LockfileEntry
    from pylayer.locks.lock import Locked
    from pylayer.locks.lockfiles import Held, Lockfile
    from pylayer.monorepo.provenance import Provenance
    from pylayer.monorepo.workspace import Workspace
    from pylayer.targets import Target


class LockfilePins:
    """What lock files pin for builds; each file is read once.

    Those that a layer names (`lockfiles`) hold in their order. Else the one of each of its packages' folders
    does; for what these do not pin, those of the workspaces that they are members of, and last the one
    beside layers.toml.
    """

    def __init__(self, found: Workspace) -> None:
        self._workspace = found
        self._found: dict[Path, Path | None] = {}
        self._read: dict[Path, Lockfile] = {}
        self._known: dict[tuple[Path, Target], Mapping[str, Held]] = {}
        # Whoever writes an override means it.
        self._overridden = frozenset(map(required_name, found.manifest.overrides))

    def of(self, build: Build) -> Mapping[str, tuple[Held, ...]]:
        """By distribution, what holds for a build.

        From several lock files where some of one rank have it. Projects of the monorepo are pinned by nobody,
        nor is what layers.toml overrides. Raises ManifestError for a file that cannot be read.
        """
        but = self._workspace.projects.keys() | self._overridden
        return {name: held for name, held in self._all(build).items() if name not in but}

    def displaced(self, build: Build) -> list[tuple[str, Held]]:
        """The distributions of indexes whose place projects of the monorepo take, as lock files have them.

        What such a lock file pins was chosen together with them.
        """
        return [
            (name, each)
            for name, held in sorted(self._all(build).items())
            for each in held
            if name in self._workspace.projects and each.version and _is_of_index(each)
        ]

    def _all(self, build: Build) -> dict[str, tuple[Held, ...]]:
        """What lock files say of everything that they name, those that hold for a build."""
        found: dict[str, tuple[Held, ...]] = {}
        for rank in self._ranks(build.layer):
            here: dict[str, tuple[Held, ...]] = {}
            for path in rank:
                for name, held in self._of(path, build.target).items():
                    here[name] = (*here.get(name, ()), held)
            found = {**here, **found}
        return found

    def against(self, build: Build, locked: Locked) -> Iterator[str]:
        """What lock files say against a build's entry in layers.lock: they changed since it was resolved.

        Raises ManifestError as `of` does.
        """
        held = self.of(build)
        for pin in locked.pins:
            yield from other_versions(pin, held)
            yield from _other_hashes(pin, held)
        if set(locked.terms.overrides) != set(overrides(held)):
            yield "overrides of a lock file"

    def _ranks(self, layer: Layer) -> Iterator[list[Path]]:
        root = self._workspace.manifest.root
        if layer.lockfiles is not None:
            for named in layer.lockfiles:
                yield [root / named]
            return
        projects = [self._workspace.projects[name] for name in layer.projects]
        tops = dict.fromkeys(project.workspace for project in projects if project.workspace)
        for folders in ([project.path for project in projects], tops):
            yield [path for folder in folders if folder != root and (path := self._find(folder))]
        if path := self._find(root):
            yield [path]

    def _find(self, folder: Path) -> Path | None:
        if folder not in self._found:
            self._found[folder] = lockfiles.find(folder)
        return self._found[folder]

    def _of(self, path: Path, target: Target) -> Mapping[str, Held]:
        """What a file says for a target, asked for by all builds."""
        if (path, target) not in self._known:
            self._known[path, target] = self._file(path).held(target.markers)
        return self._known[path, target]

    def _file(self, path: Path) -> Lockfile:
        if path not in self._read:
            if not path.is_file():
                raise ManifestError(f'lockfiles names "{path.name}", which does not exist', where=str(path))
            label = Path(relpath(path, self._workspace.manifest.root)).as_posix()
            self._read[path] = lockfiles.read(path, label=label)
        return self._read[path]


def _is_of_index(held: Held) -> bool:
    return held.provenance is not None and held.provenance.kind in {"index", "registry"}


def overrides(held: Mapping[str, tuple[Held, ...]]) -> tuple[str, ...]:
    """What lock files require (PEP 508) in place of what others do, sorted."""
    return tuple(sorted({text for each in held.values() for one in each for text in one.overrides}))


def other_versions(pin: Pin, held: Mapping[str, tuple[Held, ...]]) -> Iterator[str]:
    """Say that a distribution has not the version that a lock file says."""
    for each in held.get(pin.name, ()):
        if each.limits and not SpecifierSet(each.limits).contains(pin.version, prereleases=True):
            yield f"{pin.name} {pin.version}: {each.label} pins {each.version or each.limits}"


def _other_hashes(pin: Pin, held: Mapping[str, tuple[Held, ...]]) -> Iterator[str]:
    for each in () if gits.commit_of(pin) else held.get(pin.name, ()):
        allowed = {text.removeprefix("sha256:") for text in each.hashes if text.startswith("sha256:")}
        if allowed and pin.sha256 not in allowed:
            yield f"{pin.name} {pin.version}: {each.label} has other hashes"


def looked_for(found: Workspace) -> Iterator[Path]:
    """Every path that is a lock file for some layer or is read with one, or would be if it were there.

    And every file that they, or tables of sources, name as where a distribution is.
    """
    for path in _candidates(found):
        yield from lockfiles.files(path)
        yield from _places_in(path)
    yield from _files(source.provenance for table in found.tables for source in table.stated)


def addressed(found: Workspace) -> frozenset[str]:
    """The names of what some lock file has from an address or a path, for whichever target."""
    entries = [entry for path in _candidates(found) for entry in _entries(path)]
    return frozenset(
        entry.name for entry in entries if entry.provenance and entry.provenance.kind in {"url", "path"}
    )


def _candidates(found: Workspace) -> Iterator[Path]:
    """Every path that is a lock file for some layer, or would be if it were there."""
    root = found.manifest.root
    named = {name for layer in found.layers for name in layer.lockfiles or ()}
    projects = found.projects.values()
    tops = dict.fromkeys(project.workspace for project in projects if project.workspace)
    folders = [root, *(top for top in tops if top != root), *(project.path for project in projects)]
    usual = any(layer.lockfiles is None for layer in found.layers)
    yield from (root / name for name in sorted(named))
    yield from (folder / name for folder in folders for name in lockfiles.USUAL if usual)


def _places_in(path: Path) -> Iterator[Path]:
    yield from _files(entry.provenance for entry in _entries(path) if entry.provenance)


def _entries(path: Path) -> Sequence[LockfileEntry]:
    """What a lock file has; nothing where there is none."""
    # What cannot be read has been refused, or is the lock file of no build that was asked for.
    with suppress(ManifestError):
        if path.is_file():
            return lockfiles.read(path, label=path.name).entries
    return ()


def _files(provenances: Iterable[Provenance]) -> Iterator[Path]:
    """The paths among some places; folders are projects, which are looked at as such."""
    paths = (Path(each.address) for each in provenances if each.kind == "path")
    yield from (path for path in paths if not path.is_dir())
