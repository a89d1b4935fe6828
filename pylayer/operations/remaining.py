"""What stands of the last run's builds, and the workspace as it is → those that need not be looked at.

A build stands by the files of its projects. It does not stand alone where layers are used together: what one
gives is left out of another, and each is checked beside the others.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pylayer.building.dependencies import providers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.unchanged import Standing
    from pylayer.state.snapshot import KeptBuild


def kept(standing: Standing, found: Workspace, *, listed: bytes | None) -> dict[str, KeptBuild]:
    """The builds, selected or not, that are as they were and go together with none that is not.

    `listed` is the text of layers.json. None is kept where there are other projects than there were, or where
    layers.json does not have them all.
    """
    if standing.seen is None:
        return {}
    left = {**standing.kept, **standing.others}
    folders = {name: str(project.path) for name, project in found.projects.items()}
    if folders != standing.seen.projects:
        return {}
    if {name: one.sha256 for name, one in left.items()}.items() - _listed(listed).items():
        return {}
    beside = _beside(found)
    astray = [build.id for build in found.builds if build.id not in left]
    while astray:
        astray += [name for name in beside.get(astray.pop(), ()) if left.pop(name, None)]
    return left


def _beside(found: Workspace) -> dict[str, set[str]]:
    """By build, those that it is used with: of layers that provide for each other, or of one set."""
    beside: dict[str, set[str]] = {}
    for group in _groups(found):
        for name in group:
            beside.setdefault(name, set()).update(group)
    return beside


def _groups(found: Workspace) -> Iterator[list[str]]:
    for build in found.builds:
        if build.layer.provided_by:
            yield [build.id, *(other.id for other in providers(build, found))]
    targets = {build.target for build in found.builds} if found.manifest.sets else ()
    for together in found.manifest.sets:
        for target in targets:
            yield [f"{name}-{target}" for name in together.layers]


def _listed(text: bytes | None) -> Mapping[str, str]:
    """The sha256 of each archive that layers.json has."""
    try:
        builds = json.loads(text or b"{}")["builds"]
        return {name: str(entry["sha256"]) for name, entry in builds.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
