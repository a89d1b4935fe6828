"""Finished archives → what is in each as a CycloneDX document beside it: names, versions, hashes, licences.

The same archive gives the same bytes: no time, and a serial number that its content decides
(https://cyclonedx.org/docs/1.6/json/).
"""

from __future__ import annotations

import uuid
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any

from pylayer import __version__
from pylayer.archives import catalogue
from pylayer.checks.contents import installed
from pylayer.dataclassing import dataclass
from pylayer.errors import NotBuiltError, PylayerError, ToolError
from pylayer.locks import fetcher, lock
from pylayer.markers import holds, readable
from pylayer.monorepo import workspace
from pylayer.names import normalise
from pylayer.store import write_atomic
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from email.message import Message
    from pathlib import Path

    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component

    from pylayer.archives.catalogue import CatalogueEntry, Distribution
    from pylayer.config.layers import Build
    from pylayer.monorepo.workspace import Workspace

SUFFIX = ".cdx.json"
_NAMESPACE = uuid.UUID("2d9e5f0c-6d0b-5f64-9d2c-6b7f3f1d8f11")
_LONGEST_NAME = 80  # characters: longer ones are whole texts of licences
_CLASSIFIER = "License :: "


def run(manifest: Path, *, only: Sequence[str] = ()) -> list[Path]:
    """Write a document beside the archive of each selected build; the paths.

    Raises ToolError where the library is not installed, NotBuiltError for all that have no archive.
    """
    try:
        import cyclonedx  # noqa: F401  an extra
    except ImportError as error:
        raise ToolError(
            "needs cyclonedx-python-lib",
            where="sbom",
            hint='pip install "pylayer-lambda[sbom]"',
        ) from error
    found = workspace.load(manifest)
    locked = lock.of(found.manifest)
    entries = catalogue.read(found.manifest.output / catalogue.NAME).builds
    written = []
    selected = workspace.select(found.builds, only)
    if missing := [build.id for build in selected if build.id not in entries]:
        raise NotBuiltError.builds(missing)
    for build in selected:
        entry = entries[build.id]
        archive = found.manifest.output / entry.path
        text = document(build, entry, archive, origins=_origins(found, locked, build))
        path = archive.with_name(build.id + SUFFIX)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_atomic(path, text.encode())
        written.append(path)
    return written


def document(build: Build, entry: CatalogueEntry, archive: Path, *, origins: Mapping[str, str]) -> str:
    """The document of one archive as JSON text; `origins` are purls of what is not the monorepo's own."""
    from cyclonedx.output.json import JsonV1Dot6

    with Zip(archive) as zipped:
        members = {
            member.name: zipped.content(member)
            for member in zipped.members
            if installed(member.name, "METADATA")
        }
    metadata = {
        normalise(fields["Name"]): fields for fields in map(BytesParser().parsebytes, members.values())
    }
    parts = [
        Part(
            distribution=distribution,
            fields=metadata.get(distribution.name),
            purl=origins.get(distribution.name, ""),
        )
        for distribution in entry.distributions
    ]
    return JsonV1Dot6(_bom(build, entry, parts)).output_as_string(indent=2) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A distribution in an archive, the fields of its METADATA, and its purl where it has one."""

    distribution: Distribution
    fields: Message | None
    purl: str

    def needs(self, names: frozenset[str], markers: Mapping[str, str]) -> list[str]:
        """Those of `names` that it requires, with whichever of its extras."""
        found = set()
        for requirement in readable(self.fields.get_all("Requires-Dist", ()) if self.fields else ()):
            extras = self.fields.get_all("Provides-Extra", ()) if self.fields else ()
            if holds(requirement.marker, markers, extras=extras):
                found.add(normalise(requirement.name))
        return sorted(found & names)

    def licences(self) -> Iterator[tuple[str, bool]]:
        """What its METADATA says of its licence, and whether that is an SPDX expression."""
        if self.fields is None:
            return
        if expression := self.fields.get("License-Expression"):
            yield expression, True
            return
        classifiers = [
            text.rpartition(" :: ")[2]
            for text in self.fields.get_all("Classifier", ())
            if text.startswith(_CLASSIFIER) and text.count(" :: ") > 1
        ]
        text = (self.fields.get("License") or "").strip()
        if text and "\n" not in text and len(text) <= _LONGEST_NAME:
            yield text, False
        else:
            yield from ((text, False) for text in sorted(set(classifiers)))


def _bom(build: Build, entry: CatalogueEntry, parts: Sequence[Part]) -> Bom:
    from cyclonedx.model import HashAlgorithm, HashType, Property
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType

    layer = Component(
        name=entry.layer,
        type=ComponentType.APPLICATION,
        bom_ref=build.id,
        description=build.layer.description or None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=entry.sha256)],
        properties=[
            Property(name="pylayer:runtime", value=entry.runtime),
            Property(name="pylayer:architecture", value=entry.architecture),
        ],
    )
    pylayer = Component(name="pylayer", type=ComponentType.APPLICATION, version=__version__)
    bom = Bom(
        serial_number=uuid.uuid5(_NAMESPACE, f"{build.id} {entry.sha256}"),
        metadata=BomMetaData(component=layer, tools=_tools(pylayer)),
    )
    # Its constructor takes none for "now".
    bom.metadata.timestamp = None  # type: ignore[assignment]
    components = {part.distribution.name: _component(part) for part in parts}
    bom.components.update(components.values())
    markers = build.target.markers
    needed: set[str] = set()
    for part in parts:
        name = part.distribution.name
        needs = part.needs(frozenset(components) - {name}, markers)
        needed |= {*needs}
        bom.register_dependency(components[name], [components[each] for each in needs])
    bom.register_dependency(layer, [components[name] for name in sorted(components.keys() - needed)])
    return bom


def _tools(tool: Component) -> Any:
    from cyclonedx.model.tool import ToolRepository

    return ToolRepository(components=[tool])


def _component(part: Part) -> Component:
    from cyclonedx.factory.license import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    one, factory = part.distribution, LicenseFactory()
    summary = part.fields.get("Summary") if part.fields else None
    return Component(
        name=one.name,
        version=one.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{one.name}@{one.version}",
        description=None if summary in (None, "UNKNOWN") else summary,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one.sha256)],
        licenses=[
            factory.make_from_string(text) if spdx else factory.make_with_name(text)
            for text, spdx in part.licences()
        ],
        purl=PackageURL.from_string(part.purl) if part.purl else None,
    )


def _origins(found: Workspace, locked: lock.Lock, build: Build) -> dict[str, str]:
    """A purl for each third-party distribution (https://github.com/package-url/purl-spec).

    The monorepo's own have none: whoever looks theirs up would find strangers of the same name.
    """
    entry = locked.builds.get(build.id)
    if entry is None:
        return {}
    addresses = fetcher.Addresses(entry.terms.requirements)
    purls = {}
    for pin in entry.pins:
        if pin.name in found.projects:
            continue
        origin = addresses.origin(pin)
        try:
            from packageurl import PackageURL

            qualifiers = {"vcs_url": f"git+{origin.url}"} if origin else None
            kind = "generic" if origin else "pypi"
            purls[pin.name] = PackageURL(kind, None, pin.name, pin.version, qualifiers).to_string()
        except ValueError as error:
            raise PylayerError(f"has no package URL: {error}", where=pin.name) from error
    return purls
