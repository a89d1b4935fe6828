"""What a run made → a statement beside each archive of what went into it, signed where there is a key."""

from __future__ import annotations

import os
from contextlib import suppress
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import envtable, redaction
from pylayer.archives import catalogue
from pylayer.index import gits
from pylayer.locks import lock
from pylayer.locks.fetcher import Addresses
from pylayer.pipeline import asked_for
from pylayer.statements import envelopes, provenance
from pylayer.statements.provenance import Making
from pylayer.store import write_changed
from pylayer.targets import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.building.hosts import EngineHosts
    from pylayer.config.layers import Build
    from pylayer.keys import Parts
    from pylayer.locks.lock import Lock
    from pylayer.monorepo.workspace import Workspace
    from pylayer.pipeline import BuildResult, BuiltArchive
    from pylayer.statements.envelopes import Signer


def signer() -> Signer | None:
    """The key that the environment names; raises ManifestError where it is none."""
    named = os.environ.get(envtable.SIGNING_KEY)
    return envelopes.signer(Path(named), where=envtable.SIGNING_KEY) if named else None


def write(
    found: Workspace, results: Mapping[str, BuildResult], *, hosts: EngineHosts, key: Signer | None
) -> dict[str, tuple[Path, ...]]:
    """Write the statement of each archive, where it is another than before; by build id, its files.

    `hosts` are those of the run. Without a `key`, an envelope with another statement than today's is removed.
    """
    output = found.manifest.output
    entries = catalogue.read(output / catalogue.NAME).builds
    locked = lock.of(found.manifest)
    written = {}
    for identifier, result in results.items():
        if not result.made or not (entry := entries.get(identifier)):
            continue
        making = _making(found, result, result.made, locked=locked, hosts=hosts)
        content = provenance.statement(entry, making)
        plain, signed = (output / (identifier + module.SUFFIX) for module in (provenance, envelopes))
        write_changed(plain, content)
        if key:
            write_changed(signed, key.envelope(content))
        elif signed.exists() and not envelopes.holds(signed.read_bytes(), content):
            with suppress(FileNotFoundError):
                signed.unlink()
        written[identifier] = tuple(path for path in (plain, signed) if path.exists())
    return written


def _making(
    found: Workspace, result: BuildResult, made: BuiltArchive, *, locked: Lock, hosts: EngineHosts
) -> Making:
    root = found.manifest.root
    return Making(
        asked=asked_for(result.build.layer),
        parts=made.parts,
        folders={
            name: Path(relpath(project.path, root)).as_posix() for name, project in found.projects.items()
        },
        addresses=_addresses(locked, result.build.id),
        images=_images(result.build, made.parts, hosts),
        builder=found.manifest.provenance.builder,
    )


def _images(build: Build, parts: Parts, hosts: EngineHosts) -> tuple[str, ...]:
    """The digests of images in which projects were built, and modules compiled."""
    projects = parts["projects"].values()
    used = [each.get("image") or hosts.digests.get(each.get("interpreter", "")) for each in projects]
    if parts["bytecode compiled by"]:
        compiler = Target(runtime=build.target.runtime, architecture=hosts.architecture)
        used.append(hosts.images.get(str(compiler)))
    return tuple({digest for digest in used if digest})


def _addresses(locked: Lock, build: str) -> dict[str, str]:
    """Where what comes from git is, by name, each at its commit."""
    if not (entry := locked.builds.get(build)):
        return {}
    addresses = Addresses(entry.terms.requirements)
    origins = ((pin, addresses.origin(pin)) for pin in entry.pins)
    return {
        pin.name: redaction.addresses(f"{gits.PREFIX}{origin.url}@{gits.commit_of(pin)}")
        for pin, origin in origins
        if origin
    }
