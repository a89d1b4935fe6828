"""A layers.toml → what it describes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.operations.inturn import in_turn
from pylayer.operations.results import DeclaredBuild, LoadedManifest

if TYPE_CHECKING:
    import os


def load(manifest: str | os.PathLike[str]) -> LoadedManifest:
    """Read a layers.toml and all projects that it points to.

    Nothing is built, written or asked for. Raises ManifestError, with all that is wrong in any of them.
    """
    from pylayer.monorepo import workspace

    with in_turn(None):
        found = workspace.load(Path(manifest))
    return LoadedManifest(
        manifest=found.manifest.path,
        output=found.manifest.output,
        builds=tuple(
            DeclaredBuild(**build.words, projects=build.layer.projects, requirements=build.layer.requirements)
            for build in found.builds
        ),
        projects={name: project.path for name, project in found.projects.items()},
        warnings=found.manifest.warnings,
    )
