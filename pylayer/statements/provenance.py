"""What decided an archive's bytes → an in-toto statement with SLSA's provenance of it.

The same archive, made of the same, gives the same bytes: there is no time in it, and nothing of the machine.
See https://in-toto.io/Statement/v1 and https://slsa.dev/spec/v1.0/provenance.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pylayer import __version__
from pylayer.dataclassing import dataclass
from pylayer.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pylayer.archives.catalogue import CatalogueEntry
    from pylayer.keys import Parts

SUFFIX = ".provenance.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:pylayer-lambda:layer:v1"

# Of what a project's wheel is keyed by: what is told apart here, or is the business of its builder alone.
_TOLD = ("project", "files", "build requirements", "env", "config settings", "format", "pylayer", "tools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How an archive was made: `asked` is what layers.toml says, `parts` all that decides its bytes.

    `folders` are those of projects, relative to layers.toml; `addresses` (git's, with the commit after an @)
    are of what comes from no index; `images` are the digests of those that its parts were built and compiled
    in; `builder` identifies who makes archives, by a URI.
    """

    asked: Mapping[str, Any]
    parts: Parts
    folders: Mapping[str, str]
    addresses: Mapping[str, str]
    images: tuple[str, ...]
    builder: str


def statement(entry: CatalogueEntry, making: Making) -> bytes:
    """The statement about one archive, as JSON."""
    projects: Mapping[str, Parts] = making.parts["projects"]
    others = ("projects", "distributions", "files", *making.asked)
    wheels = [each for each in entry.distributions if each.name in projects]
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "layer": entry.layer,
                "runtime": entry.runtime,
                "architecture": entry.architecture,
                **making.asked,
            },
            "internalParameters": {
                **{name: part for name, part in making.parts.items() if name not in others},
                "projects": {
                    project: {name: part for name, part in parts.items() if name not in _TOLD}
                    for project, parts in projects.items()
                },
            },
            "resolvedDependencies": list(_dependencies(making)),
        },
        "runDetails": {
            "builder": {"id": making.builder, "version": {"pylayer": __version__}},
            "byproducts": [
                _artifact(f"{each.name} {each.version}", each.sha256, kind="wheel") for each in wheels
            ],
        },
    }
    document = {
        "_type": STATEMENT,
        "subject": [{"name": entry.path, "digest": {"sha256": entry.sha256}}],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def subjects(content: bytes) -> frozenset[str]:
    """The sha256s (hex) of what a statement of provenance is about; ValueError where it is none."""
    try:
        document = json.loads(content)
        kind = document["_type"], document["predicateType"]
        about = frozenset(str(subject["digest"]["sha256"]) for subject in document["subject"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("is no in-toto statement") from error
    if kind != (STATEMENT, PREDICATE):
        raise ValueError("is a statement of another kind")
    return about


def _dependencies(making: Making) -> Iterator[dict[str, Any]]:
    """All that was there before: sources, files of the layer, wheels in it and beside it, the image."""
    projects: Mapping[str, Parts] = making.parts["projects"]
    for name, parts in sorted(projects.items()):
        uri = f"file:{quote(making.folders.get(name, name))}"
        yield _artifact(name, key(parts["files"]), kind="source", uri=uri)
    for path, digest in sorted(making.parts["files"].items()):
        yield _artifact(path, digest.partition(" ")[0], kind="file")
    for name, text in sorted(making.parts["distributions"].items()):
        yield _distribution(name, text, kind="distribution", address=making.addresses.get(name, ""))
    required = {
        (name, text) for parts in projects.values() for name, text in parts["build requirements"].items()
    }
    for name, text in sorted(required):
        yield _distribution(name, text, kind="build requirement")
    for digest in sorted(making.images):
        yield _artifact("image", digest.removeprefix("sha256:"), kind="image")


def _distribution(name: str, text: str, *, kind: str, address: str = "") -> dict[str, Any]:
    """One that is kept as `VERSION SHA256`."""
    version, _, sha256 = text.partition(" ")
    uri = address or f"pkg:pypi/{name}@{quote(version, safe='')}"
    return _artifact(f"{name} {version}", sha256, kind=kind, uri=uri)


def _artifact(name: str, sha256: str, *, kind: str, uri: str = "") -> dict[str, Any]:
    described = {"name": name, "digest": {"sha256": sha256}, "annotations": {"kind": kind}}
    return {**described, "uri": uri} if uri else described
