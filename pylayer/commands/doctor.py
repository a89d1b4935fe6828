"""A workspace and this machine → where each target can be built, how native code is, what is in the way."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

import uv

from pylayer import __version__
from pylayer.building import native
from pylayer.config.manifest import LOCK_NAME
from pylayer.engines import choose
from pylayer.errors import EngineError, NeedsDockerError, PylayerError
from pylayer.locks import lock as locks
from pylayer.monorepo import workspace
from pylayer.process import run
from pylayer.state import history
from pylayer.store import Store, default_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pylayer.config.manifest import EngineChoice
    from pylayer.console import Console
    from pylayer.engines import Engine
    from pylayer.engines.docker.engine import DockerEngine
    from pylayer.monorepo.workspace import Project, Workspace
    from pylayer.targets import Target

_WAYS = {
    "auto": "cross-compiled where that can be trusted, else in the target's container",
    "cross": "cross-compiled",
    "container": "in the target's container",
}


def tell(manifest: Path, *, engine: str, lines: Console) -> int:
    """Say all of it; the exit status: that of the first target that cannot be built, else 0.

    Nothing is built and no image pulled. Raises ManifestError and UsageError.
    """
    found = workspace.load(manifest)
    choice = found.manifest.chosen_engine(engine)
    cache = default_root() / "engines"
    lines.say(f"pylayer  {__version__}, Python {platform.python_version()}, {_uv()}")
    docker: DockerEngine | None = None
    reason: EngineError | None = None
    if choice != "local":
        try:
            docker = choose.keeper(cache=cache)
        except EngineError as error:
            reason = error
    lines.say(f"docker   {docker.about if docker else _absence(choice, reason)}")
    lines.say(f"store    {default_root()}")
    lines.say(f"lock     {_lock(manifest)}")
    local = choose.local(cache=cache)
    status = 0
    try:
        for target in dict.fromkeys(build.target for build in found.builds):
            try:
                host = _host(target, choice=choice, docker=docker, local=local, reason=reason)
            except PylayerError as error:
                lines.say(f"{target!s:<18} cannot be built")
                lines.error(error)
                status = status or error.exit_code
            else:
                lines.say(f"{target!s:<18} {host}")
    finally:
        local.close()
        if docker:
            docker.close()
    for project in found.projects.values():
        for line in _native(project, found, manifest):
            lines.say(line)
    return status


def _uv() -> str:
    return run([uv.find_uv_bin(), "--version"]).stdout.strip().partition(" (")[0]


def _absence(choice: EngineChoice, reason: EngineError | None) -> str:
    if choice == "local":
        return "not asked: the engine is to be local"
    return "; ".join(str(fault).partition("\n")[0] for fault in reason.faults) if reason else ""


def _lock(manifest: Path) -> str:
    before = locks.read(manifest.parent / LOCK_NAME)
    return f"{LOCK_NAME}, of the {before.engine} engine" if before else "none yet: the first build writes it"


def _host(
    target: Target,
    *,
    choice: EngineChoice,
    docker: DockerEngine | None,
    local: Engine,
    reason: EngineError | None,
) -> str:
    """Where `target` would be built now: in Docker, or as `auto` has to, on this host. Raises why nowhere."""
    if docker:
        image = target.runtime.build_image[target.architecture]
        if not docker.is_here(target):
            return f"docker  {image}, which will be pulled"
        try:
            python = docker.interpreter(target)
        except EngineError as error:
            reason = error
        else:
            emulated = ", emulated" if python.emulated else ""
            return f"docker  Python {python.version} in {image}{emulated}"
    if reason and choice == "docker":
        raise reason
    try:
        python = local.interpreter(target)
    except NeedsDockerError as error:
        raise NeedsDockerError.of([*error.faults, *(reason.faults if reason else ())]) from error
    return f"local   Python {python.version} of this host, native code by a cross compiler"


def _native(project: Project, found: Workspace, manifest: Path) -> Iterator[str]:
    """How a project's native code is built: as it was the last time, else as layers.toml says."""
    if not native.has_sources(workspace.tree(project)[0]):
        return
    ways: dict[str, list[str]] = {}
    store = Store(default_root(), note=lambda _: None)
    for build in found.builds:
        known = history.recall(store, manifest, build.id)
        parts = known[0]["projects"].get(project.name) if known else None
        if parts:
            ways.setdefault(_way(parts), []).append(str(build.target))
    if not ways:
        yield f"{project.name}: native code, {_WAYS[project.options.native]} (not built yet)"
    for way, targets in ways.items():
        yield f"{project.name}: native code, {way}: {', '.join(dict.fromkeys(targets))}"


def _way(parts: dict[str, object]) -> str:
    match parts:
        case {"cross": {"by": str(compiler)}}:
            return f"cross-compiled by {' '.join(compiler.split()[:2])}"
        case {"not cross-built": str(reason)}:
            return f"in the target's container ({reason})"
        case _:
            return "by the compiler of its place"
