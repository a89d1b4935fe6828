"""Lock files that a team has already → the versions that they pin for a target.

Read are uv.lock, pylock.toml (PEP 751), poetry.lock, and a requirements.txt with hashes. A distribution that
one of them has in several versions is taken by the markers beside each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pylayer.errors import Fault, ManifestError
from pylayer.markers import holds
from pylayer.names import normalise
from pylayer.tables import document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

# Looked for in this order: of a folder, the first that is there counts.
USUAL = ("uv.lock", "pylock.toml", "poetry.lock", "requirements.txt")
_HASH = re.compile(r"\s--hash[=\s]")
_CHOICE = re.compile(r"\bextras?\b|\bdependency_groups\b")
_OPTION = re.compile(r"\s--[a-z].*$|\s#.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockfileEntry:
    """One version of a distribution in a lock file; `markers` (PEP 508) say where, any of them is enough.

    `url` is that of a git repository with the commit, as a requirement has it, where it comes from there.
    """

    name: str
    version: str
    markers: tuple[Marker, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile:
    """What a file pins; `label` names it in errors."""

    label: str
    entries: tuple[LockfileEntry, ...]

    def versions(self, markers: Mapping[str, str]) -> dict[str, str]:
        """The version of each distribution where `markers` hold; none where several would."""
        return _only({entry: entry.version for entry in self._holding(markers) if not entry.url})

    def origins(self, markers: Mapping[str, str]) -> dict[str, str]:
        """The address in git of each distribution that comes from there."""
        return _only({entry: entry.url for entry in self._holding(markers) if entry.url})

    def _holding(self, markers: Mapping[str, str]) -> Iterator[LockfileEntry]:
        for entry in self.entries:
            if not entry.markers or any(_holds(marker, markers) for marker in entry.markers):
                yield entry


def _only(values: Mapping[LockfileEntry, str]) -> dict[str, str]:
    """The value of each name that has but one."""
    found: dict[str, set[str]] = {}
    for entry, value in values.items():
        found.setdefault(entry.name, set()).add(value)
    return {name: each.pop() for name, each in found.items() if len(each) == 1}


def find(folder: Path) -> Path | None:
    """The lock file of a folder: the first of the usual names; a requirements.txt only if it has hashes."""
    for name in USUAL:
        path = folder / name
        if path.is_file() and (name != "requirements.txt" or _HASH.search(_text(path))):
            return path
    return None


def read(path: Path, *, label: str) -> Lockfile:
    """Read a lock file, which its name tells the kind of; ManifestError where it is not what it is called."""
    if path.suffix not in {".toml", ".lock"}:
        return Lockfile(label=label, entries=tuple(_requirements(path, label)))
    data = document(path, where=label)
    kind = _poetry if path.name == "poetry.lock" else _pylock if path.suffix == ".toml" else _uv
    try:
        return Lockfile(label=label, entries=tuple(kind(data)))
    except (KeyError, TypeError, AttributeError, InvalidMarker, InvalidSpecifier) as error:
        raise ManifestError(
            f"cannot be read as a lock file: {error}",
            where=label,
            hint="make it anew with the tool that wrote it, or set pins = false in layers.toml",
        ) from error


def _uv(data: Mapping[str, Any]) -> Iterator[LockfileEntry]:
    for row in data.get("package", ()):
        source = row.get("source", {})
        url = _git(*_of_uv(source["git"])) if "git" in source else ""
        if url or ("version" in row and ("registry" in source or "url" in source)):
            markers = tuple(Marker(text) for text in row.get("resolution-markers", ()))
            version = row.get("version", "")
            yield LockfileEntry(name=normalise(row["name"]), version=version, markers=markers, url=url)


def _of_uv(address: str) -> tuple[str, str, str]:
    """The repository, commit and folder of `https://git.example/a?subdirectory=b&rev=main#0123`."""
    parts = urlsplit(address)
    folder = parse_qs(parts.query).get("subdirectory", [""])[0]
    return urlunsplit(parts._replace(query="", fragment="")), parts.fragment, folder


def _git(repository: str, commit: str, folder: str) -> str:
    """A direct reference to a commit, without credentials."""
    parts = urlsplit(repository)
    if not parts.scheme.endswith("ssh"):
        repository = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return f"git+{repository}@{commit}" + (f"#subdirectory={folder}" if folder else "")


def _pylock(data: Mapping[str, Any]) -> Iterator[LockfileEntry]:
    """See https://packaging.python.org/en/latest/specifications/pylock-toml/."""
    from packaging.pylock import Pylock, PylockValidationError  # noqa: PLC0415  few have one

    try:
        lock = Pylock.from_dict(data)
    except PylockValidationError as error:
        raise TypeError(str(error)) from error
    for package in lock.packages:
        markers = (package.marker,) if package.marker else ()
        vcs = package.vcs if package.vcs and package.vcs.type == "git" and package.vcs.url else None
        url = _git(vcs.url or "", vcs.commit_id, vcs.subdirectory or "") if vcs else ""
        if url or (package.version is not None and not (package.vcs or package.directory)):
            version = str(package.version or "")
            yield LockfileEntry(name=normalise(package.name), version=version, markers=markers, url=url)


def _poetry(data: Mapping[str, Any]) -> Iterator[LockfileEntry]:
    for row in data.get("package", ()):
        source = row.get("source", {})
        kind, url = source.get("type", "legacy"), ""
        if kind == "git":
            url = _git(source["url"], source["resolved_reference"], source.get("subdirectory", ""))
        elif kind not in {"legacy", "url"}:
            continue
        given = row.get("markers", "")
        texts = list(given.values()) if isinstance(given, dict) else [given]
        markers = [Marker(text) for text in texts if text and text != "*"]
        if not markers and (pythons := row.get("python-versions", "*")) != "*":
            markers = [Marker(text) for text in _python_marker(pythons)]
        yield LockfileEntry(
            name=normalise(row["name"]), version=row["version"], markers=tuple(markers), url=url
        )


def _python_marker(specifiers: str) -> list[str]:
    """Turn `>=3.9,<4.0` into a marker; nothing for what only poetry understands."""
    try:
        clauses = sorted(str(each) for each in SpecifierSet(specifiers))
    except InvalidSpecifier:
        return []
    texts = [re.sub(r"^([=!<>~]+)(.+)$", r"python_full_version \1 '\2'", clause) for clause in clauses]
    return [" and ".join(texts)] if texts else []


def _requirements(path: Path, label: str) -> Iterator[LockfileEntry]:
    """Take what is pinned by `==`; other lines, options among them, pin nothing."""
    faults = []
    for line in _text(path).replace("\\\n", " ").splitlines():
        text = _OPTION.sub("", f" {line}").strip()
        if not text or text.startswith(("-", "#")):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            faults.append(Fault(what=f"{text!r}: {str(error).splitlines()[0]}", where=label))
            continue
        clauses: Sequence[Any] = list(requirement.specifier)
        if len(clauses) == 1 and clauses[0].operator in {"==", "==="} and "*" not in clauses[0].version:
            markers = (requirement.marker,) if requirement.marker else ()
            yield LockfileEntry(name=normalise(requirement.name), version=clauses[0].version, markers=markers)
    if faults:
        raise ManifestError.of(faults)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _holds(marker: Marker, environment: Mapping[str, str]) -> bool:
    """Whether a marker holds; whichever extras and groups are asked for, their versions are one."""
    if _CHOICE.search(str(marker)):
        return True
    try:
        return holds(marker, environment)
    except UndefinedEnvironmentName:
        return True
