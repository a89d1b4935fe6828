"""A workspace and this machine → where each target can be built, how native code is, what is in the way."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer import __version__, enginetable
from pylayer.answers import DoctorAnswer, EngineAnswer, NativeAnswer, TargetAnswer
from pylayer.building import native
from pylayer.config.manifest import LOCK_NAME
from pylayer.console.document import answers
from pylayer.dataclassing import dataclass
from pylayer.engines import choose, placing
from pylayer.errors import EngineError, Fault, PylayerError
from pylayer.locks import lock as locks
from pylayer.monorepo import workspace
from pylayer.process import run, uv
from pylayer.state import history, opening

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.config.hosting import EngineSettings
    from pylayer.console import Console
    from pylayer.engines import ListedEngine
    from pylayer.engines.placing import EnginePlace
    from pylayer.locks.lock import Lock
    from pylayer.monorepo.workspace import Project, Workspace
    from pylayer.state.opening import WorkspaceState
    from pylayer.store import Store
    from pylayer.targets import Architecture, Target

_AT_ONCE = 8
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
    settings = found.manifest.chosen_engine(engine)
    state = opening.glance(manifest, note=lines.note)
    version = _uv()
    lines.say(f"pylayer  {__version__}, Python {platform.python_version()}, {version}")
    with ExitStack() as stack:
        asked = list(_engines(settings, store=state.store, stack=stack))
        for one in asked:
            lines.say(one.line)
        lines.say(f"store    {state.store.root}")
        lock = locks.read(manifest.parent / LOCK_NAME)
        lines.say(f"lock     {_lock(lock)}")
        hosts: dict[str, FoundHost | PylayerError] = {}
        for target, host in _hosts(found, settings, asked):
            hosts[str(target)] = host
            lines.say(f"{target!s:<18} {'cannot be built' if isinstance(host, PylayerError) else host.line}")
    native = [each for project in found.projects.values() for each in _native(project, found, state)]
    for each in native:
        of_targets = f": {', '.join(each['targets'])}" if each["targets"] else " (not built yet)"
        lines.say(f"{each['project']}: native code, {each['way']}{of_targets}")
    failed = {target: host for target, host in hosts.items() if isinstance(host, PylayerError)}
    for error in _by_cause(failed):
        lines.error(error)
    status = next((error.exit_code for error in failed.values()), 0)
    answer = DoctorAnswer(
        pylayer=__version__,
        python=platform.python_version(),
        uv=version,
        engines=[one.answer for one in asked],
        store=str(state.store.root),
        locked_builds=len(lock.builds) if lock else None,
        targets=[_answer(target, host) for target, host in hosts.items()],
        native=native,
    )
    lines.answer(status, answer)
    return status


def _answer(target: str, host: FoundHost | PylayerError) -> TargetAnswer:
    if isinstance(host, PylayerError):
        return TargetAnswer(target=target, engine="", how="", errors=answers(host.faults))
    return TargetAnswer(target=target, engine=host.engine, how=host.how, errors=[])


def _by_cause(failed: Mapping[str, PylayerError]) -> Iterator[PylayerError]:
    """One error for each cause, naming the targets that cannot be built for it."""
    causes: dict[tuple[tuple[str, str, str], ...], list[str]] = {}
    for target, error in failed.items():
        faults = tuple((_without(target, each.where), each.what, each.hint) for each in error.faults)
        causes.setdefault(faults, []).append(target)
    for faults, targets in causes.items():
        named = ", ".join(targets)
        told = [
            Fault(what=what, where=f"{named}: {where}" if where else named, hint=hint)
            for where, what, hint in faults
        ]
        yield type(failed[targets[0]]).of(told, log=failed[targets[0]].log)


def _without(target: str, where: str) -> str:
    return "" if where == target else where.removesuffix(f" for {target}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedEngine:
    """An engine, or why it does not answer; None where it may not be used.

    `architectures` are those that it is the host of.
    """

    place: EnginePlace
    engine: ListedEngine | EngineError | None
    about: str
    architectures: tuple[Architecture, ...] = ()

    @property
    def line(self) -> str:
        """What a person reads."""
        of = f"for {', '.join(self.architectures)}: " if self.architectures else ""
        return f"{self.place.kind.name:<8} {of}{self.about}"

    @property
    def answer(self) -> EngineAnswer:
        """What a machine reads."""
        asked = self.engine is not None
        return EngineAnswer(
            name=self.place.kind.name,
            host=self.place.at,
            architectures=list(map(str, self.architectures)),
            asked=asked,
            answers=asked and not isinstance(self.engine, EngineError),
            about=self.about,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundHost:
    """Where a target would be built, and how; that says too why not by an engine before that."""

    engine: str
    how: str

    @property
    def line(self) -> str:
        """What a person reads."""
        return f"{self.engine:<7} {self.how}"


def _uv() -> str:
    return run([uv(), "--version"]).stdout.strip().partition(" (")[0]


def _engines(settings: EngineSettings, *, store: Store, stack: ExitStack) -> Iterator[AskedEngine]:
    """All engines and hosts, those that may be used asked."""
    usable = placing.every(settings)
    for place in placing.every(replace(settings, use=enginetable.AUTO)):
        if place not in usable:
            about = f"not tried: the engine must be {settings.use}"
            yield AskedEngine(place=place, engine=None, about=about)
            continue
        of = placing.architectures(settings, place)
        try:
            engine = choose.connect(place, store=store)
        except EngineError as error:
            said = "; ".join(str(fault).splitlines()[0] for fault in error.faults)
            yield AskedEngine(place=place, engine=error, about=said, architectures=of)
        else:
            stack.callback(engine.close)
            about = engine.about
            if engine.architecture not in of and of:
                about += ": emulation, as it is no machine of that architecture"
            yield AskedEngine(place=place, engine=engine, about=about, architectures=of)


def _lock(lock: Lock | None) -> str:
    return f"{LOCK_NAME}, {len(lock.builds)} builds" if lock else "none yet: the first build writes it"


def _hosts(
    found: Workspace, settings: EngineSettings, asked: Sequence[AskedEngine]
) -> Iterator[tuple[Target, FoundHost | PylayerError]]:
    """Where each target would be built, or why nowhere; several registries may have to answer for that."""
    targets = list(dict.fromkeys(build.target for build in found.builds))
    engines = {one.place: one.engine for one in asked}

    def host(target: Target) -> FoundHost | PylayerError:
        try:
            return _host(target, settings, engines)
        except PylayerError as error:
            return error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from zip(targets, pool.map(host, targets), strict=True)


def _host(
    target: Target,
    settings: EngineSettings,
    engines: Mapping[EnginePlace, ListedEngine | EngineError | None],
) -> FoundHost:
    """Where `target` would be built now; raises why nowhere."""
    reasons: list[EngineError] = []
    passed_over = ""
    for place in placing.places(settings, target.architecture):
        engine = engines[place]
        if engine is None or isinstance(engine, EngineError):
            reasons += [engine] if engine else []
            if place.at:
                passed_over += f" (not at {place.at}: it does not answer)"
            continue
        if refusal := placing.refusal(settings, target.architecture, place, engine):
            reasons.append(refusal)
            break
        try:
            how = f"{engine.reach(target)}{f', at {place.at}' if place.at else ''}"
            return FoundHost(engine=place.kind.name, how=how + passed_over)
        except EngineError as error:
            reasons.append(error)
            fault = error.faults[0]
            remedy = f"; {fault.hint}" if fault.hint else ""
            passed_over += f" (not {place.at or place.kind.name}: {fault.what}{remedy})"
    raise choose.nowhere(reasons)


def _native(project: Project, found: Workspace, state: WorkspaceState) -> Iterator[NativeAnswer]:
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
        yield NativeAnswer(project=project.name, way=_WAYS[project.options.native], targets=[])
    for way, targets in ways.items():
        yield NativeAnswer(project=project.name, way=way, targets=[*dict.fromkeys(targets)])


def _way(parts: dict[str, object]) -> str:
    match parts:
        case {"cross": {"by": str(compiler)}}:
            return f"cross-compiled by {' '.join(compiler.split()[:2])}"
        case {"not cross-built": str(reason)}:
            return f"built in the target's container ({reason})"
        case _:
            return "built by the builder's own compiler"
