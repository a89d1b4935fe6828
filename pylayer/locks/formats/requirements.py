"""requirements.txt and what it includes → LockfileEntry: as pip reads it, or a fault with its line.

The libraries for such files leave out encodings and included files, or were last released years ago.
"""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from dataclasses import field, replace
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from packaging.markers import InvalidMarker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from pylayer import below
from pylayer.below import OutsideError
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError
from pylayer.locks.formats import piplines
from pylayer.locks.formats.entries import LockfileEntry, marker_of
from pylayer.monorepo import projectfile
from pylayer.monorepo.provenance import Provenance
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.locks.formats.entries import OpenedLockfile

_HASH = re.compile(r"\s--hash[=\s]")
# The archives that pip takes by their path.
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tar.xz", ".txz", ".tar.lzma", ".tar")
_PLACE = re.compile(r"(?P<place>[^\s\[;]+)\s*(?:\[[^\]]*\])?\s*(?:;\s*(?P<marker>.+))?")
# A line of one option that has a value, by what it does. What does not change which file is meant is passed
# over: no build is run for what these say, and hashes are checked in any case.
_OPTIONS = {
    **dict.fromkeys(("-r", "--requirement", "-c", "--constraint"), "include"),
    **dict.fromkeys(("-e", "--editable"), "place"),
    **dict.fromkeys(("-i", "--index-url", "--pypi-url", "--extra-index-url"), "registry"),
    **dict.fromkeys(("-f", "--find-links"), "links"),
    **dict.fromkeys(
        ("--no-binary", "--only-binary", "--trusted-host", "--use-feature", "--build-constraint"), ""
    ),
    **dict.fromkeys(("--no-index", "--pre", "--prefer-binary", "--require-hashes"), "alone"),
}
_OF_A_REQUIREMENT = ("--config-settings", "-C", "--config-setting", "--global-option", "--install-option")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What is gathered from a file and from all that it includes, below `top` where that is known."""

    top: Path | None
    files: list[Path] = field(default_factory=list)
    entries: list[LockfileEntry] = field(default_factory=list)
    registries: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def entries(file: OpenedLockfile) -> Iterator[LockfileEntry]:
    """Read a file and what it includes; ManifestError lists every line that cannot be honoured."""
    reading = _Reading(top=_top(file.path))
    _inside(file.path, file.label, reading)
    _read(file.path, file.label, reading)
    if reading.faults:
        raise ManifestError.of(reading.faults)
    addresses = tuple(reading.registries)
    registry = Provenance(kind="registry", addresses=addresses) if addresses else None
    for entry in reading.entries:
        yield entry if entry.provenance else replace(entry, provenance=registry)


def included(path: Path) -> tuple[Path, ...]:
    """Every file that is read with `path`, itself first, whatever may be wrong with any of them."""
    reading = _Reading(top=_top(path))
    with suppress(ManifestError):
        _read(path, path.name, reading)
    return tuple(reading.files)


def has_hashes(path: Path) -> bool:
    """Whether a file, or one that it includes, has a hash in it: else it locks nothing."""
    for file in included(path):
        with suppress(ManifestError):
            if _HASH.search(piplines.text(file, file.name)):
                return True
    return False


def _read(path: Path, label: str, reading: _Reading) -> None:
    if path in reading.files:
        return
    reading.files.append(path)
    for number, line in piplines.lines(path, label):
        where = f"{label}: line {number}"
        try:
            _line(line, path, label, reading)
        except ManifestError as error:
            # What is wrong inside an included file has its own place.
            faults = (each if each.where else replace(each, where=where) for each in error.faults)
            reading.faults.extend(faults)
        except (InvalidRequirement, InvalidMarker, ValueError) as error:
            reading.faults.append(Fault(what=f"{line!r}: {str(error).splitlines()[0]}", where=where))


def _line(line: str, path: Path, label: str, reading: _Reading) -> None:
    if not line.startswith("-"):
        wanted, options = _split(line)
        entry = _entry(wanted, path.parent)
        reading.entries.append(replace(entry, hashes=entry.hashes | _hashes(options)))
        return
    word, _, rest = re.sub(r"^(--[a-z-]+)=", r"\1 ", line).partition(" ")
    if len(word) > 2 and not word.startswith("--"):
        word, rest = word[:2], word[2:] + rest  # -rbase.txt
    value = rest.strip()
    match _OPTIONS.get(word):
        case "include" if "://" in value:
            raise ManifestError(f"{value} is not a file", hint="only files in the repository are read")
        case "include":
            other = Path(normpath(path.parent / value))
            _inside(other, value, reading)
            _read(other, _label(other, path, label), reading)
        case "place":
            wanted, options = _split(value)
            entry = _placed(wanted, path.parent)
            reading.entries.append(replace(entry, hashes=entry.hashes | _hashes(options)))
        case "registry":
            reading.registries.append(value.strip("'\""))
        case "links":
            links = value.strip("'\"")
            local = Provenance.path(links, folder=path.parent).address
            reading.registries.append(links if "://" in links else local)
        case None:
            raise ManifestError(f"the option {word} is not supported")


def _top(path: Path) -> Path | None:
    """Give the repository of a file; None where there is no version control."""
    top = below.repository(path.parent.resolve())
    return top if below.is_repository(top) else None


def _inside(other: Path, value: str, reading: _Reading) -> None:
    """Refuse a file of this machine's: it is shown where it is none, and who commits an include sees none."""
    if reading.top is None:
        return
    hint = "only files in the repository are read: copy it there"
    try:
        found = below.find(reading.top, str(other.absolute()))
    except OutsideError as error:
        raise ManifestError(f"{value} leads out of the repository", hint=hint) from error
    if not below.HISTORY.isdisjoint(found.relative_to(reading.top).parts):
        raise ManifestError(f"{value} is version control's own", hint=hint)


def _label(other: Path, path: Path, label: str) -> str:
    """How errors name an included file: beside the one that includes it."""
    own = Path(label).parent / other.relative_to(path.parent) if other.is_relative_to(path.parent) else other
    return own.as_posix()


def _split(line: str) -> tuple[str, list[str]]:
    """Divide a requirement from its options."""
    wanted, dashes, options = line.partition(" -")
    return wanted.strip(), shlex.split(f"-{options}" if dashes else "")


def _hashes(options: Sequence[str]) -> frozenset[str]:
    found = set()
    words = iter(options)
    for word in words:
        name, equals, value = word.partition("=")
        if name == "--hash":
            found.add(value if equals else next(words, ""))
        elif name not in _OF_A_REQUIREMENT:
            raise ManifestError(f"the option {name} of a requirement is not supported")
        elif not equals:
            next(words, "")
    return frozenset(found)


def _entry(wanted: str, folder: Path) -> LockfileEntry:
    """One requirement: by its name, or by where it is."""
    try:
        requirement = Requirement(wanted)
    except InvalidRequirement:
        if _is_place(wanted, folder):
            return _placed(wanted, folder)
        raise
    markers = (requirement.marker,) if requirement.marker else ()
    name = normalise(requirement.name)
    if requirement.url:
        return LockfileEntry(
            name=name, markers=markers, provenance=Provenance.at(requirement.url, folder=folder)
        )
    clauses = list(requirement.specifier)
    if len(clauses) == 1 and clauses[0].operator in {"==", "==="} and "*" not in clauses[0].version:
        return LockfileEntry(name=name, version=clauses[0].version, markers=markers)
    return LockfileEntry(name=name, specifier=str(requirement.specifier), markers=markers)


def _is_place(wanted: str, folder: Path) -> bool:
    match = _PLACE.fullmatch(wanted)
    place = match["place"] if match else ""
    return bool(place) and (
        bool(urlsplit(place).scheme)
        or place.startswith(".")
        or place.lower().endswith(_ARCHIVES)
        or ("/" in place and (folder / place).exists())
    )


def _placed(wanted: str, folder: Path) -> LockfileEntry:
    """What pip takes from a path or an address; who it is, its file or folder says, or `#egg=`."""
    match = _PLACE.fullmatch(wanted)
    if not match:
        raise ManifestError(f"{wanted!r} is neither a requirement nor a path or address")
    place, marker = match["place"], match["marker"] or ""
    address, _, fragment = place.partition("#")
    egg = parse_qs(fragment).get("egg", [""])[0].partition("[")[0]
    subdirectory = parse_qs(fragment).get("subdirectory", [""])[0]
    below = f"#subdirectory={subdirectory}" if subdirectory else ""
    provenance = Provenance.at(address + below, folder=folder)
    return LockfileEntry(
        name=normalise(egg) or _name(provenance, place),
        markers=marker_of(marker),
        hashes=frozenset(f"sha256:{digest}" for digest in parse_qs(fragment).get("sha256", ())),
        provenance=provenance,
    )


def _name(provenance: Provenance, place: str) -> str:
    filename = unquote(urlsplit(provenance.address).path.rpartition("/")[2])
    with suppress(InvalidWheelFilename, InvalidSdistFilename):
        if filename.endswith(".whl"):
            return canonicalize_name(parse_wheel_filename(filename)[0])
        if filename.endswith(_ARCHIVES):
            return canonicalize_name(parse_sdist_filename(filename)[0])
    if provenance.kind == "path" and (folder := Path(provenance.address)).is_dir():
        definition, faults = projectfile.read(folder, where=place)
        if definition:
            return definition.name
        if faults:
            raise ManifestError.of(faults)
    raise ManifestError(
        f"{place}: it is not clear which distribution this is",
        hint=f"write it with its name: NAME @ {place}"
        if provenance.kind != "path"
        else "it is relative to the file that names it; is there a project in it?",
    )
