"""What pyproject.toml files and lock files say → where each distribution of a build is taken from.

What they name is never taken from anywhere else: where it is not available, that is an error for
whoever needs it. What a pyproject.toml says takes precedence over a lock file, which may be older.
"""

from __future__ import annotations

from dataclasses import field
from functools import cache
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pylayer import redaction
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault
from pylayer.index import gits, publicindex
from pylayer.index.indexes import local_path, same_place
from pylayer.monorepo.following import applies
from pylayer.monorepo.sourcetables import deciding
from pylayer.names import required_name
from pylayer.store import hash_file

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pylayer.index.indexes import IndexSettings
    from pylayer.locks.lockfiles import Held
    from pylayer.monorepo.provenance import Provenance
    from pylayer.monorepo.sourcetables import Stated
    from pylayer.monorepo.workspace import Workspace
    from pylayer.targets import Target

_Said = tuple["Mapping[str, Sequence[Stated]]", "IndexSettings"]
_ELSEWHERE = frozenset({"git", "url", "path", "workspace"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where distributions are taken from, by normalised name; of what is in no table, an index decides.

    `located` are direct references (`git+…`, `https://…`, `file:///…`) in place of an index, `hashes` what a
    file may be, `refused` why one is not available where it has to come from.
    """

    located: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, Allowed] = field(default_factory=dict)
    refused: Mapping[str, Fault] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The sha256 (hex) of the files that may be used, and the name of what says so."""

    sha256: frozenset[str]
    label: str


class Provenances:
    """Knows what is said about a workspace's distributions.

    `deciding` are the extras (normalised) that decide where something comes from.
    """

    def __init__(self, found: Workspace, settings: IndexSettings) -> None:
        self._found = found
        self._settings = settings
        self.deciding = deciding(found.tables)
        self._known: dict[tuple[Target, frozenset[str]], _Said] = {}

    def narrowed(
        self, held: Mapping[str, tuple[Held, ...]], target: Target, *, extras: Collection[str] = ()
    ) -> dict[str, tuple[Held, ...]]:
        """What lock files say, of several versions those alone that are where the distribution comes from."""
        _, settings = self._said(target, frozenset(extras))
        found = dict(held)
        for name, each in held.items():
            if any(lockfile.several for lockfile in each) and (own := settings.pinned(name)):
                found[name] = tuple(lockfile.served([index.url for index in own]) for lockfile in each)
        return found

    def of(
        self, target: Target, held: Mapping[str, Sequence[Held]], *, extras: Collection[str] = ()
    ) -> Whereabouts:
        """What holds for a target with `extras` of packages, and what lock files say (`held`) of it."""
        stated, settings = self._said(target, frozenset(extras))
        located: dict[str, str] = {}
        hashes: dict[str, Allowed] = {}
        refused: dict[str, Fault] = {}
        for name in sorted({*stated, *held} - self._found.projects.keys()):
            by_lock = held.get(name, ())
            answer = (
                self._of_tables(name, stated[name], by_lock)
                if name in stated
                else self._of_locks(name, by_lock, settings)
            )
            allowed = None if isinstance(answer, Fault) else _allowed(name, answer, by_lock)
            for value in (answer, allowed):
                if isinstance(value, Fault):
                    refused[name] = value
            if isinstance(answer, str) and answer:
                located[name] = answer
            if isinstance(allowed, Allowed):
                hashes[name] = allowed
        return Whereabouts(located=located, hashes=hashes, refused=refused)

    def placed(self, text: str, whereabouts: Whereabouts) -> str:
        """A requirement, on the place that a distribution has to come from, as a lock may hold it.

        The metadata of a package that uses `[tool.uv.sources]` does not say so, and on an index the name may
        be anybody's.
        """
        url = whereabouts.located.get(required_name(text))
        if url is None:
            return text
        requirement = Requirement(text)
        if requirement.url:
            return text
        requirement.specifier = SpecifierSet()
        requirement.url = written(url, root=self._found.manifest.root)
        return str(requirement)

    def _said(self, target: Target, extras: frozenset[str]) -> _Said:
        """What tables and settings say for a target, which all builds for it ask."""
        if (target, extras) in self._known:
            return self._known[target, extras]
        found: dict[str, list[Stated]] = {}
        for table in self._found.tables:
            for source in table.stated:
                if applies(source, [target], extras):
                    found.setdefault(source.distribution, []).append(source)
        said = (found, self._settings.where(target.markers, extras=extras))
        self._known[target, extras] = said
        return said

    def _of_tables(self, name: str, stated: Sequence[Stated], held: Sequence[Held]) -> str | Fault:
        """A direct reference, nothing where an index serves it, or why it is not available."""
        if len({source.provenance for source in stated}) > 1:
            words = "; ".join(
                dict.fromkeys(f"{source.where} takes it from {source.provenance}" for source in stated)
            )
            return Fault(
                what=f"{name} would come from several places: {words}",
                hint="make all packages take it from the same place",
            )
        where, provenance = stated[0].where, stated[0].provenance
        if provenance.kind == "git":
            # The lock file of whoever wrote this has a commit of the branch that is named here.
            for lockfile in held:
                if (
                    lockfile.provenance
                    and lockfile.provenance.kind == "git"
                    and _one_repository(lockfile, provenance)
                ):
                    provenance = lockfile.provenance
        return self._located(name, provenance, where)

    def _of_locks(self, name: str, held: Sequence[Held], settings: IndexSettings) -> str | Fault:
        places = {
            lockfile.provenance
            for lockfile in held
            if lockfile.provenance and lockfile.provenance.kind in _ELSEWHERE
        }
        if len(places) > 1 or (places and any(lockfile.unclear for lockfile in held)):
            return Fault(
                what=f"{', '.join(lockfile.label for lockfile in held)} take {name} from several places",
                hint="make all take it from the same place",
            )
        for lockfile in held:
            if lockfile.provenance and lockfile.provenance.kind in _ELSEWHERE:
                return self._located(name, lockfile.provenance, lockfile.label)
            if lockfile.provenance and not (lockfile.hashes or _asked(name, lockfile.provenance, settings)):
                return Fault(
                    what=f"{lockfile.label} takes {name} from {lockfile.provenance}, which is not used here, "
                    "and has no hash of it",
                    hint="name that index in [[index]] of layers.toml, or lock with hashes",
                )
        return ""

    def _located(self, name: str, provenance: Provenance, where: str) -> str | Fault:
        """A direct reference to a place, nothing where that is an index, or why there is none."""
        match provenance.kind:
            case "git" | "url":
                # The lock is committed; netrc, git and the keyring have places for credentials.
                return redaction.without_login(provenance.address)
            case "path":
                return self._at_path(name, Path(provenance.address), where)
            case "workspace":
                return Fault(
                    what=f"{where} takes {name} from the workspace, but there is no project of this name",
                    hint="let `packages` in layers.toml find it",
                )
            case _:
                return ""

    def _at_path(self, name: str, path: Path, where: str) -> str | Fault:
        says = f"{where} takes {name} from {Path(relpath(path, self._found.manifest.root)).as_posix()}"
        if not path.exists():
            return Fault(what=f"{says}, which does not exist", hint="bring it back, or lock again")
        if path.is_dir():
            return Fault(
                what=f"{says}, where no project of this name was found",
                hint="let `packages` in layers.toml find it",
            )
        if path.suffix != ".whl":
            return Fault(
                what=f"{says}: a path to a file must be that of a wheel",
                hint="name the folder of its source, or build a wheel from it",
            )
        return path.as_uri()


def written(reference: str, *, root: Path) -> str:
    """A direct reference as a lock may hold it: a path relative to layers.toml."""
    path = local_path(reference)
    return f"file:{Path(relpath(path, root)).as_posix()}" if path else reference


def _asked(name: str, registry: Provenance, settings: IndexSettings) -> bool:
    """Whether a distribution is looked for at one of a registry's addresses."""
    if pinned := settings.pinned(name):
        return any(same_place(each.url, url) for each in pinned for url in registry.addresses)
    asked = [each.url for each in settings.everywhere if not each.explicit]
    if any(same_place(own, url) for own in asked for url in registry.addresses):
        return True
    # What a machine uses in place of the public index is taken to be a mirror of it.
    return any(map(publicindex.is_at, registry.addresses))


def _one_repository(lockfile: Held, provenance: Provenance) -> bool:
    assert lockfile.provenance
    locked, stated = (gits.origin("", each.address) for each in (lockfile.provenance, provenance))
    return (locked.url.removesuffix(".git"), locked.subdirectory) == (
        stated.url.removesuffix(".git"),
        stated.subdirectory,
    )


def _allowed(name: str, located: str, held: Sequence[Held]) -> Allowed | Fault | None:
    """The hashes that a file may have; a source from git has none but its commit."""
    if gits.is_git(located):
        return None
    found: list[Allowed] = []
    if path := local_path(located):
        # A path has no other version than what is there now.
        digest = _digest(path, path.stat().st_mtime_ns)
        found.append(Allowed(sha256=frozenset({digest}), label=path.name))
    for lockfile in held:
        sha256 = frozenset(
            each.removeprefix("sha256:") for each in lockfile.hashes if each.startswith("sha256:")
        )
        if lockfile.hashes and not sha256:
            return Fault(
                what=f"{lockfile.label} has no sha256 of {name}, and indexes give no other hash",
                hint="lock with sha256",
            )
        if sha256:
            found.append(Allowed(sha256=sha256, label=lockfile.label))
    if not found:
        return None
    return Allowed(
        sha256=frozenset.intersection(*(each.sha256 for each in found)),
        label=" and ".join(each.label for each in found),
    )


@cache
def _digest(path: Path, _changed: int) -> str:
    return hash_file(path)
