"""layers.json ↔ Catalogue: which archive stands for each build, and what is in it.

It is the hand-over from the pipeline, which writes it, to whatever publishes archives, and bears no time and
no absolute path: two machines write the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pylayer import below
from pylayer.dataclassing import dataclass
from pylayer.digests import Digest
from pylayer.errors import Fault, StoreError
from pylayer.store import write_changed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

NAME = "layers.json"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A distribution in an archive: normalised name, version, and its wheel's sha256 (hex)."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """What stands for one build.

    `path` is relative to layers.json and below its folder, `sha256` is hex and `code_sha256` the same digest
    in base64 (what AWS reports), sizes are bytes. `extra` holds the keys that this version does not know.
    """

    layer: str
    runtime: str
    architecture: str
    path: str
    sha256: str
    code_sha256: str
    size: int
    unzipped_size: int
    distributions: tuple[Distribution, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All builds that have a good archive, by build id."""

    builds: Mapping[str, CatalogueEntry] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def layers(self) -> dict[str, str]:
        """The layer of each build, by build id."""
        return {key: entry.layer for key, entry in self.builds.items()}

    def merged(self, builds: Mapping[str, CatalogueEntry], *, without: Iterable[str] = ()) -> Catalogue:
        """This one with `builds` added or replaced, and the ids in `without` gone."""
        gone = frozenset(without)
        kept = {key: entry for key, entry in self.builds.items() if key not in gone}
        return replace(self, builds=kept | dict(builds))


def read(path: Path) -> Catalogue:
    """Read layers.json; a Catalogue of nothing where there is no such file.

    Raises StoreError that lists everything wrong with it.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Catalogue()
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror or error}", where=str(path)) from error
    return loads(text, where=str(path), folder=path.parent)


def loads(text: bytes | str, *, where: str, folder: Path | None = None) -> Catalogue:
    """The Catalogue that the text of a layers.json is; raises StoreError, `where` naming the file.

    The archives that it names are below `folder`, or for a text that is in none, below whatever folder it is.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(where, f"is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("builds"), dict):
        raise _damaged(where, "has no table of builds")
    if document.get("version") != VERSION:
        raise StoreError(
            f"has version {document.get('version')!r}; this pylayer reads version {VERSION}",
            where=where,
            hint="build the layers again with this pylayer",
        )
    faults: list[Fault] = []
    builds = {
        key: _entry(value, f"{where}: builds.{key}", faults, folder=folder)
        for key, value in document["builds"].items()
    }
    if faults:
        raise StoreError.of(faults)
    extra = {key: value for key, value in document.items() if key not in ("version", "builds")}
    return Catalogue(builds={key: entry for key, entry in builds.items() if entry}, extra=extra)


def discard_torn(path: Path) -> bool:
    """Remove a layers.json that is no JSON, as when the power went soon after a run; whether it was one."""
    try:
        json.loads(path.read_bytes())
    except ValueError:
        path.unlink(missing_ok=True)
        return True
    except (OSError, RecursionError):
        pass  # whoever reads it says what is wrong
    return False


def write(path: Path, catalogue: Catalogue) -> bool:
    """Write layers.json atomically where its bytes change; says whether they did."""
    return write_changed(path, dumps(catalogue))


def dumps(catalogue: Catalogue) -> bytes:
    """The bytes of layers.json: sorted builds, the documented order of keys, one trailing newline."""
    builds = {key: _table(catalogue.builds[key]) for key in sorted(catalogue.builds)}
    document = {"version": VERSION, "builds": builds, **_sorted(catalogue.extra)}
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text.encode(errors="backslashreplace") + b"\n"  # which is how JSON writes a lone surrogate


_WORDS = {
    "layer": str,
    "runtime": str,
    "architecture": str,
    "path": str,
    "sha256": str,
    "code_sha256": str,
    "size": int,
    "unzipped_size": int,
}


def _entry(value: object, where: str, faults: list[Fault], *, folder: Path | None) -> CatalogueEntry | None:
    if not isinstance(value, dict):
        faults.append(Fault(what="is not a table", where=where))
        return None
    hint = "delete it and build the layers again: this file is pylayer's own"
    wrong = [key for key, kind in _WORDS.items() if type(value.get(key)) is not kind]
    faults += [
        Fault(what="is missing or of the wrong type", where=f"{where}.{key}", hint=hint) for key in wrong
    ]
    for key, check in (("sha256", Digest), ("path", partial(below.see, folder) if folder else below.plain)):
        if key not in wrong:
            try:
                check(value[key])
            except ValueError as error:
                faults.append(Fault(what=f"the {key} {error}", where=f"{where}.{key}", hint=hint))
                wrong.append(key)
    listed = value.get("distributions", [])
    try:
        distributions = tuple(
            Distribution(name=str(row["name"]), version=str(row["version"]), sha256=Digest(row["sha256"]))
            for row in listed
        )
    except ValueError as error:
        faults.append(Fault(what=f"a sha256 {error}", where=f"{where}.distributions", hint=hint))
        return None
    except (KeyError, TypeError):
        faults.append(
            Fault(what="is missing or of the wrong type", where=f"{where}.distributions", hint=hint)
        )
        return None
    if wrong:
        return None
    known = {key: value[key] for key in _WORDS}
    extra = {key: word for key, word in value.items() if key not in (*_WORDS, "distributions")}
    return CatalogueEntry(**known, distributions=distributions, extra=extra)


def _table(entry: CatalogueEntry) -> dict[str, Any]:
    distributions = sorted(
        entry.distributions,
        key=lambda distribution: (distribution.name, distribution.version, distribution.sha256),
    )
    return {
        **{key: getattr(entry, key) for key in _WORDS},
        "distributions": [
            {"name": distribution.name, "version": distribution.version, "sha256": distribution.sha256}
            for distribution in distributions
        ],
        **_sorted(entry.extra),
    }


def _sorted(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {key: extra[key] for key in sorted(extra)}


def _damaged(where: str, what: str) -> StoreError:
    return StoreError(what, where=where, hint="delete it and build the layers again")
