"""A workspace and this machine → where each target can be built, how native code is, what is in the way."""

from __future__ import annotations

import platform
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pylayer import __version__, enginetable
from pylayer.building import native
from pylayer.config.manifest import LOCK_NAME
from pylayer.engines import choose
from pylayer.errors import EngineError, PylayerError
from pylayer.locks import lock as locks
from pylayer.monorepo import workspace
from pylayer.process import run, uv
from pylayer.state import history, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from pylayer.config.manifest import EngineChoice
    from pylayer.console import Console
    from pylayer.engines import ListedEngine
    from pylayer.enginetable import EngineKind
    from pylayer.monorepo.workspace import Project, Workspace
    from pylayer.state.opening import WorkspaceState
    from pylayer.store import Store
    from pylayer.targets import Target

_WAYS = {
    "auto": "cross-compiled where that can be trusted, otherwise built in the target's container",
    "cross": "cross-compiled",
    "container": "built in the target's container",
}


def tell(manifest: Path, *, engine: str, lines: Console) -> int:
    """Say all of it; the exit status: that of the first target that cannot be built, else 0.

    Nothing is built and no image pulled. Raises ManifestError and UsageError.
    """
    found = workspace.load(manifest)
    choice = found.manifest.chosen_engine(engine)
    state = opening.glance(manifest, note=lines.note)
    lines.say(f"pylayer  {__version__}, Python {platform.python_version()}, {_uv()}")
    with ExitStack() as stack:
        engines = list(_engines(choice, store=state.store, stack=stack, say=lines.say))
        lines.say(f"store    {state.store.root}")
        lines.say(f"lock     {_lock(manifest)}")
        status = 0
        for target in dict.fromkeys(build.target for build in found.builds):
            try:
                host = _host(target, engines)
            except PylayerError as error:
                lines.say(f"{target!s:<18} cannot be built")
                lines.error(error)
                status = status or error.exit_code
            else:
                lines.say(f"{target!s:<18} {host}")
    for project in found.projects.values():
        for line in _native(project, found, state):
            lines.say(line)
    return status


def _uv() -> str:
    return run([uv(), "--version"]).stdout.strip().partition(" (")[0]


def _engines(
    choice: EngineChoice, *, store: Store, stack: ExitStack, say: Callable[[str], None]
) -> Iterator[tuple[EngineKind, ListedEngine | EngineError]]:
    """The engines that may be used, or why they cannot be; each gets a line."""
    chosen = enginetable.candidates(choice)
    for kind in enginetable.ENGINES.values():
        if kind not in chosen:
            say(f"{kind.name:<8} not tried: the engine must be {choice}")
            continue
        try:
            engine = choose.connect(kind, store=store)
        except EngineError as error:
            said = "; ".join(str(fault).splitlines()[0] for fault in error.faults)
            say(f"{kind.name:<8} {said}")
            yield kind, error
        else:
            stack.callback(engine.close)
            say(f"{kind.name:<8} {engine.about}")
            yield kind, engine


def _lock(manifest: Path) -> str:
    before = locks.read(manifest.parent / LOCK_NAME)
    return f"{LOCK_NAME}, {len(before.builds)} builds" if before else "none yet: the first build writes it"


def _host(target: Target, engines: Sequence[tuple[EngineKind, ListedEngine | EngineError]]) -> str:
    """Where `target` would be built now, and why not by an engine before that; raises why nowhere."""
    reasons: list[EngineError] = []
    passed_over = ""
    for kind, engine in engines:
        if isinstance(engine, EngineError):
            reasons.append(engine)
            continue
        try:
            return f"{kind.name:<7} {engine.reach(target)}{passed_over}"
        except EngineError as error:
            reasons.append(error)
            passed_over += f" (not {kind.name}: {error.faults[0].what})"
    raise choose.nowhere(reasons)


def _native(project: Project, found: Workspace, state: WorkspaceState) -> Iterator[str]:
    """How a project's native code is built: as it was the last time, else as layers.toml says."""
    tree = workspace.tree(project)
    expected = native.expected(project, tree.entries, subdir=tree.subdir)
    ways: dict[str, list[str]] = {}
    for build in found.builds:
        known = history.recall(state, build.id)
        parts = known.parts["projects"].get(project.name) if known else None
        if parts and (expected or not parts.keys().isdisjoint(("cross", "not cross-built"))):
            ways.setdefault(_way(parts), []).append(str(build.target))
    if not (expected or ways):
        return
    if not ways:
        yield f"{project.name}: native code, {_WAYS[project.options.native]} (not built yet)"
    for way, targets in ways.items():
        yield f"{project.name}: native code, {way}: {', '.join(dict.fromkeys(targets))}"


def _way(parts: dict[str, object]) -> str:
    match parts:
        case {"cross": {"by": str(compiler)}}:
            return f"cross-compiled by {' '.join(compiler.split()[:2])}"
        case {"not cross-built": str(reason)}:
            return f"built in the target's container ({reason})"
        case _:
            return "built by the builder's own compiler"
