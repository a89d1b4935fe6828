"""A lock file, and what one line or table of it says of a distribution."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from packaging.markers import Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pylayer.dataclassing import dataclass
from pylayer.tables import document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pylayer.monorepo.provenance import Provenance


class OpenedLockfile:
    """A lock file that is being read; `label` names it in errors."""

    def __init__(self, path: Path, label: str) -> None:
        self.path = path
        self.label = label

    @cached_property
    def tables(self) -> Mapping[str, Any]:
        """What it says if it is TOML; ManifestError where it is none."""
        return document(self.path, where=self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockfileEntry:
    """One version of a distribution; `markers` (PEP 508) say where, any of them is enough.

    Or what was required of it (`override`, PEP 508) in place of what others do, when the file was made.

    `version` is empty where the file does not say it. `specifier` (PEP 440) is what it says in place of one
    version. `hashes` are of all the files that may be used, as `sha256:` with hex; none where the file has
    none. `provenance` is None where the file leaves that to the settings of indexes.
    """

    name: str
    version: str = ""
    specifier: str = ""
    markers: tuple[Marker, ...] = ()
    hashes: frozenset[str] = frozenset()
    provenance: Provenance | None = None
    override: str = ""

    def __post_init__(self) -> None:
        """Raise TypeError where what stands in the file is no text."""
        places = self.provenance.addresses if self.provenance else ()
        texts = (self.version, self.specifier, *self.hashes, *places)
        if wrong := [text for text in texts if not isinstance(text, str)]:
            raise TypeError(f"{wrong[0]!r}, of {self.name}, should be a text")


def hashes_of(files: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The hashes of some files that each have one under `hash`."""
    return frozenset(file["hash"] for file in files if file.get("hash"))


def marker_of(text: str) -> tuple[Marker, ...]:
    """A marker as a lock file writes it; nothing where it always holds."""
    return (Marker(text),) if text and text != "*" else ()


def python_marker(specifiers: str) -> tuple[Marker, ...]:
    """Turn `>=3.9,<4.0` into a marker; nothing for what only poetry understands.

    What wants a later patch release than the first is there for its minor version: whoever resolves is told.
    """
    try:
        found = [(each.operator, each.version) for each in SpecifierSet(specifiers)]
    except InvalidSpecifier:
        return ()
    clauses = sorted(
        operator + (".".join(version.split(".")[:2]) if operator == ">=" else version)
        for operator, version in found
        if operator != "!=" or version.endswith(".*")
    )
    texts = [re.sub(r"^([=!<>~]+)(.+)$", r"python_full_version \1 '\2'", clause) for clause in clauses]
    return marker_of(" and ".join(texts))
