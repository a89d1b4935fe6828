"""A project and where it is built → everything that can change a byte of its wheel."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from pylayer import __version__
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from pylayer.building.hosts import BuildHost
    from pylayer.building.sources import ProjectSource
    from pylayer.keys import Parts
    from pylayer.monorepo.workspace import Project
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

FORMAT = 4
_OF_THE_MACHINE = ("platform", "interpreter")


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


def anywhere(parts: Parts, *, builder: Target) -> Parts:
    """The parts of a wheel that comes out pure: the same on every machine that has these images' Python.

    In place of one machine's image are the names of those for all architectures, and Python's version, which
    is in `parts`.
    """
    images = builder.runtime.build_image
    left = {name: part for name, part in parts.items() if name not in _OF_THE_MACHINE}
    return {**left, "images": [images[architecture] for architecture in Architecture]}


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
