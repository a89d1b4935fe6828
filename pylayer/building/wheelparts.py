"""A project and where it is built → everything that can change a byte of its wheel."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from pylayer import __version__

if TYPE_CHECKING:
    from pylayer.building.hosts import BuildHost
    from pylayer.building.sources import ProjectSource
    from pylayer.keys import Parts
    from pylayer.monorepo.workspace import Project
    from pylayer.wheels import Wheel

FORMAT = 2


def of(
    project: Project,
    *,
    source: ProjectSource,
    host: BuildHost,
    required: tuple[Wheel, ...],
    version: str | None,
) -> Parts:
    """Everything that can change a byte of the project's wheel."""
    return {
        "format": FORMAT,
        "pylayer": __version__,
        "tools": _tools(),
        **declared_parts(project),
        "files": source.own,
        "version from VCS": version,
        "build requirements": {
            wheel.metadata.name: f"{wheel.metadata.version} {wheel.sha256}" for wheel in required
        },
        "python": host.interpreter.version,
        "platform": host.interpreter.platform,
        "interpreter": host.interpreter.identity,
    }


def declared_parts(project: Project) -> Parts:
    """What pyproject.toml and layers.toml say of a project that can change a byte of its wheel."""
    return {
        "project": project.name,
        "backend": [project.backend, *project.backend_path],
        "config settings": config_settings(project),
        "env": {name: _sha256(value) for name, value in project.options.env},
        "network": project.options.network,
    }


def config_settings(project: Project) -> dict[str, Any]:
    """PEP 517's config_settings: a name given several times has a list."""
    settings: dict[str, Any] = {}
    for name, value in project.options.config_settings:
        if name not in settings:
            settings[name] = value
        elif isinstance(settings[name], list):
            settings[name].append(value)
        else:
            settings[name] = [settings[name], value]
    return settings


def _sha256(value: str) -> str:
    """The hash (hex) that stands in records for a value that may be a credential."""
    return hashlib.sha256(value.encode()).hexdigest()


@cache
def _tools() -> str:
    """Digest (hex) of the scripts that take part in builds: what they do decides what comes out."""
    return hashlib.sha256(script("hook") + script("git")).hexdigest()


@cache
def script(name: str) -> bytes:
    """The text of a script of `pylayer.inside` that builds use."""
    return resources.files("pylayer.inside").joinpath(f"{name}.py").read_bytes()
