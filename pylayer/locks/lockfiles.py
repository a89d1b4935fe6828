"""Lock files that a team has already → what they say of distributions for a target.

A distribution that one of them has in several versions is taken by the markers beside each.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from packaging.markers import Marker, UndefinedEnvironmentName

from pylayer.dataclassing import dataclass
from pylayer.errors import ManifestError, ResolveError
from pylayer.index.indexes import same_place
from pylayer.locks.formats import pdmlock, pipfilelock, poetrylock, pylock, requirements, uvlock
from pylayer.locks.formats.entries import OpenedLockfile
from pylayer.markers import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.locks.formats.entries import LockfileEntry
    from pylayer.monorepo.provenance import Provenance

_CHOICE = re.compile(r"\bextras?\b|\bdependency_groups\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of lock file: the globs of its file names, and what reads one.

    `entries` may raise ManifestError, or KeyError, TypeError, AttributeError and ValueError for what is not
    as it should be. The one called `usual`, if any, is looked for beside layers.toml and in packages'
    folders, and counts where it `locks`. `files` are all that are read with it. `python` says which Pythons
    it is for (PEP 440), where it lacks files for others.
    """

    names: tuple[str, ...]
    entries: Callable[[OpenedLockfile], Iterable[LockfileEntry]]
    usual: str = ""
    locks: Callable[[Path], bool] = lambda _: True
    files: Callable[[Path], tuple[Path, ...]] = lambda path: (path,)
    python: Callable[[OpenedLockfile], str] = lambda _: ""


# In this order they are looked for: of a folder, the first that is there counts.
FORMATS = (
    Format(names=("uv.lock",), entries=uvlock.entries, usual="uv.lock", python=uvlock.python),
    Format(
        names=("pylock.toml", "pylock.*.toml"),
        entries=pylock.entries,
        usual="pylock.toml",
        python=uvlock.python,
    ),
    Format(names=("poetry.lock",), entries=poetrylock.entries, usual="poetry.lock"),
    Format(names=("pdm.lock",), entries=pdmlock.entries, usual="pdm.lock"),
    Format(names=("Pipfile.lock",), entries=pipfilelock.entries, usual="Pipfile.lock"),
    Format(
        names=("*.txt", "requirements*.lock"),
        entries=requirements.entries,
        usual="requirements.txt",
        locks=requirements.has_hashes,
        files=requirements.included,
    ),
)
USUAL = tuple(each.usual for each in FORMATS if each.usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the lock file called `label` says of a distribution: see LockfileEntry.

    `unclear` is set where it has the distribution from several places at once. `several` are its entries
    where it has several versions, and `overrides` (PEP 508) what is required in place of what others do.
    `python` are the Pythons that the file is for, as it says.
    """

    label: str
    python: str = ""
    version: str = ""
    specifier: str = ""
    hashes: frozenset[str] = frozenset()
    provenance: Provenance | None = None
    unclear: bool = False
    several: tuple[LockfileEntry, ...] = ()
    overrides: tuple[str, ...] = ()

    def served(self, addresses: Collection[str]) -> Held:
        """What it says where the distribution comes from a registry at one of `addresses`."""
        here = [each for each in self.several if _is_at(each, addresses)]
        if not here:
            return self
        return replace(_merged(self.label, here, python=self.python), overrides=self.overrides)

    @property
    def limits(self) -> str:
        """What a version has to satisfy (PEP 440)."""
        return f"=={self.version}" if self.version else self.specifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile:
    """What a file says; `label` names it in errors, `python` are the Pythons that it is for."""

    label: str
    entries: tuple[LockfileEntry, ...]
    python: str = ""

    def held(self, markers: Mapping[str, str]) -> dict[str, Held]:
        """What it says of each distribution where `markers` hold; no version where several would do."""
        found: dict[str, list[LockfileEntry]] = {}
        for entry in self.entries:
            if not entry.markers or any(self._holds(marker, markers) for marker in entry.markers):
                found.setdefault(entry.name, []).append(entry)
        return {name: _merged(self.label, each, python=self.python) for name, each in found.items()}

    def _holds(self, marker: Marker, environment: Mapping[str, str]) -> bool:
        """Whether a marker holds; whichever extras and groups are asked for, their versions are one."""
        if _CHOICE.search(str(marker)):
            return True
        try:
            return holds(marker, environment)
        except UndefinedEnvironmentName:
            return True
        except ResolveError as error:
            raise ManifestError(error.faults[0].told, where=self.label, hint=error.faults[0].hint) from error


def _merged(label: str, entries: Sequence[LockfileEntry], *, python: str) -> Held:
    versions = {entry.version for entry in entries if entry.version}
    places = {entry.provenance for entry in entries if entry.provenance}
    return Held(
        label=label,
        python=python,
        version=next(iter(versions)) if len(versions) == 1 else "",
        specifier=",".join(sorted({entry.specifier for entry in entries if entry.specifier})),
        # A line without hashes, as in a file of constraints, takes none away from the others.
        hashes=frozenset().union(*(entry.hashes for entry in entries)),
        provenance=next(iter(places), None),
        unclear=len(places) > 1,
        several=tuple(entries) if len(versions) > 1 else (),
        overrides=tuple(sorted({entry.override for entry in entries if entry.override})),
    )


def _is_at(entry: LockfileEntry, addresses: Collection[str]) -> bool:
    place = entry.provenance
    if place is None or place.kind != "registry":
        return False
    return any(same_place(own, url) for own in place.addresses for url in addresses)


def find(folder: Path) -> Path | None:
    """The lock file of a folder: the first of the usual names that is there and locks anything."""
    for each in FORMATS:
        if each.usual and (path := folder / each.usual).is_file() and each.locks(path):
            return path
    return None


def read(path: Path, *, label: str) -> Lockfile:
    """Read a lock file, which its name tells the kind of; ManifestError where it is none that is known."""
    form, file = _format(path, label), OpenedLockfile(path, label)
    try:
        return Lockfile(label=label, entries=tuple(form.entries(file)), python=form.python(file))
    except (KeyError, TypeError, AttributeError, ValueError) as error:  # those of `packaging` are ValueErrors
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise ManifestError(
            f"cannot be read as a lock file: {missing}",
            where=label,
            hint="write it again with the tool that made it, or set lockfiles = false in layers.toml",
        ) from error
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=label) from error


def files(path: Path) -> tuple[Path, ...]:
    """All files that are read with a lock file, itself among them; itself where its kind is not known."""
    form = next((each for each in FORMATS if _matches(each, path)), None)
    return form.files(path) if form and path.is_file() else (path,)


def _format(path: Path, label: str) -> Format:
    for each in FORMATS:
        if _matches(each, path):
            return each
    known = ", ".join(name for each in FORMATS for name in each.names)
    raise ManifestError("is not a lock file in a known format", where=label, hint=f"choose from: {known}")


def _matches(form: Format, path: Path) -> bool:
    return any(fnmatchcase(path.name, name) for name in form.names)
