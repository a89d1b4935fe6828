"""A layer → the lock files of its repository that hold for it, and the versions that they pin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import ManifestError
from pylayer.locks import lockfiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pylayer.config.layers import Build, Layer
    from pylayer.locks.lockfiles import Lockfile
    from pylayer.monorepo.workspace import Workspace
    from pylayer.targets import Target

    Values = Mapping[str, str]


class LockfilePins:
    """What lock files pin for builds; each file is read once.

    Those that a layer names (`pins`) hold in their order. Else the one of each of its packages' folders does,
    and for what these do not pin, the one beside layers.toml.
    """

    def __init__(self, found: Workspace) -> None:
        self._workspace = found
        self._found: dict[Path, Path | None] = {}
        self._read: dict[Path, Lockfile] = {}
        self._known: dict[tuple[Path, Target], tuple[Values, Values]] = {}

    def of(self, build: Build) -> Mapping[str, Mapping[str, str]]:
        """By distribution, the version that each lock file (by its label) pins for a build.

        Several where lock files of one rank differ. Projects of the monorepo are pinned by nobody. Raises
        ManifestError for a file that cannot be read.
        """
        return self._ranked(build, lambda path: self._of(path, build.target)[0])

    def origins(self, build: Build) -> Mapping[str, str]:
        """By distribution, its address in git where a lock file has it from there, the first rank's first."""
        found = self._ranked(build, lambda path: self._of(path, build.target)[1])
        return {name: next(iter(held.values())) for name, held in found.items()}

    def _ranked(self, build: Build, values: Callable[[Path], Values]) -> Mapping[str, Mapping[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for rank in self._ranks(build.layer):
            here: dict[str, dict[str, str]] = {}
            for path in rank:
                for name, value in values(path).items():
                    here.setdefault(name, {})[self._file(path).label] = value
            found = {**here, **found}
        return {name: held for name, held in found.items() if name not in self._workspace.projects}

    def _ranks(self, layer: Layer) -> Iterator[list[Path]]:
        root = self._workspace.manifest.root
        if layer.pins is not None:
            for named in layer.pins:
                yield [root / named]
            return
        folders = [self._workspace.projects[name].path for name in layer.projects]
        yield [path for folder in folders if folder != root and (path := self._find(folder))]
        if path := self._find(root):
            yield [path]

    def _find(self, folder: Path) -> Path | None:
        if folder not in self._found:
            self._found[folder] = lockfiles.find(folder)
        return self._found[folder]

    def _of(self, path: Path, target: Target) -> tuple[Values, Values]:
        """What a file pins for a target, asked for by all builds: versions, and addresses in git."""
        if (path, target) not in self._known:
            file = self._file(path)
            self._known[path, target] = (file.versions(target.markers), file.origins(target.markers))
        return self._known[path, target]

    def _file(self, path: Path) -> Lockfile:
        if path not in self._read:
            if not path.is_file():
                raise ManifestError(f'pins names "{path.name}", which is not there', where=str(path))
            root = self._workspace.manifest.root
            label = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
            self._read[path] = lockfiles.read(path, label=label)
        return self._read[path]


def looked_for(found: Workspace) -> Iterator[Path]:
    """Every path beside layers.toml that is a lock file for some layer, or would be if it were there."""
    root = found.manifest.root
    for layer in found.layers:
        for name in lockfiles.USUAL if layer.pins is None else layer.pins:
            yield root / name
