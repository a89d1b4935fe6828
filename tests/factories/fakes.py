"""What stands for engines, an index and a cross compiler, so that a run's own decisions can be looked at.

A FakeEngine builds nothing: what a job's wheel is, a function says. Everything else of a run is real.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from factories.wheels import make_wheel
from pylayer import wheels
from pylayer.building.context import RunContext
from pylayer.building.hosts import BuildHost
from pylayer.building.native import Plain
from pylayer.building.projects import Projects
from pylayer.engines import Done, Interpreter
from pylayer.enginetable import ENGINES, EngineKind
from pylayer.errors import BuildError, NeedsDockerError, PylayerError
from pylayer.graph import Graph
from pylayer.monorepo import workspace
from pylayer.monorepo.trees import FileHashes
from pylayer.names import required_name
from pylayer.outcomes import Reporter
from pylayer.store import Store
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.building.dependencies import Wanted
    from pylayer.building.native import Way
    from pylayer.config.layers import Build
    from pylayer.engines import ImageChoice, Job
    from pylayer.monorepo.trees import TreeEntry
    from pylayer.outcomes import Outcome
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

Result = TypeVar("Result")
Backend = Callable[["Ask"], "dict[str, Any] | list[str]"]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One build that an engine was asked for: of what, for which target's Python, with what installed."""

    project: str
    target: str
    installed: tuple[str, ...]
    way: str


def pure(ask: Ask) -> dict[str, Any]:
    """The backend of a pure project."""
    return {"files": {f"{ask.project}.py": b""}, "name": ask.project}


def native(ask: Ask) -> dict[str, Any]:
    """The backend of a project with native code; its wheel says for which target it was made."""
    runtime, architecture = ask.target.removeprefix("python").split("-")
    tag = f"cp{runtime.replace('.', '')}-cp{runtime.replace('.', '')}"
    platform = {"x86_64": "manylinux_2_17_x86_64", "arm64": "manylinux_2_17_aarch64"}[architecture]
    files = {f"{ask.project}.so": b"\x7fELF" + b"\0" * 60}
    return {"files": files, "name": ask.project, "tag": f"{tag}-{platform}", "pure": False}


@dataclass
class FakeBuildEnv:
    """A build environment whose jobs are told to its engine's backend."""

    engine: FakeEngine
    target: Target
    installed: tuple[str, ...]

    def run(self, job: Job, *, into: Path) -> Done:
        """Make what the backend says; see `pylayer.engines.BuildEnv`."""
        ask = Ask(
            project=job.name.split("@")[0],
            target=job.name.partition("@")[2] or str(self.target),
            installed=self.installed,
            way="cross" if "@" in job.name else "",
        )
        self.engine.asked.append(ask)
        made = self.engine.backend(ask)
        if isinstance(made, list):
            return Done(status=0, log="", answer={"requires": made})
        if "fails" in made:
            return Done(status=1, log=made["fails"], answer={})
        return Done(status=0, log="", answer={"wheel": make_wheel(into, **made).name})


@dataclass
class FakeEngine:
    """An engine for every target but those it is `without`; `asked` are the builds that it made."""

    backend: Backend = pure
    kind: EngineKind = ENGINES["docker"]
    without: Sequence[str] = ()
    architecture: Architecture = Architecture.X86_64
    asked: list[Ask] = field(default_factory=list)

    def interpreter(self, target: Target) -> Interpreter:
        """Give a Python that is known by its target; see `pylayer.engines.Engine`."""
        if str(target) in self.without:
            raise NeedsDockerError(f"no Python for {target}")
        python = f"{target.runtime.python}.1"
        return Interpreter(version=python, executable="python3", platform="linux", identity=str(target))

    def build_env(
        self,
        target: Target,
        requirements: Sequence[Wheel],
        *,
        network: bool = False,
        tools: Sequence[Wheel] = (),
    ) -> FakeBuildEnv:
        """Give one; see `pylayer.engines.Engine`."""
        names = tuple(sorted(wheel.metadata.name for wheel in requirements))
        return FakeBuildEnv(engine=self, target=target, installed=names)

    def choose_images(self, choice: ImageChoice) -> None:
        """It has none."""

    def can_be_had(self, target: Target) -> bool:
        """It has no images."""
        return False

    def bare_env(self, target: Target) -> FakeBuildEnv:
        """Give one in which nothing is installed."""
        return self.build_env(target, ())

    def begin(self, what: Mapping[str, str], begun: object = None) -> None:
        """It starts nothing."""

    @property
    def began(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def close(self) -> None:
        """Do nothing: there is nothing to end."""


@dataclass(frozen=True)
class FakeHosts:
    """Every target's host is the one engine."""

    engine: FakeEngine

    @property
    def architecture(self) -> Architecture:
        """The engine's."""
        return self.engine.architecture

    async def host(self, target: Target) -> BuildHost:
        """Raise NeedsDockerError for what the engine is without."""
        interpreter = self.engine.interpreter(target)
        return BuildHost(engine=self.engine, kind=self.engine.kind, interpreter=interpreter)


@dataclass
class FakeIndex:
    """Distributions by name, as wheels: of build requirements, and of what builds want."""

    folder: Path
    versions: Mapping[str, str] = field(default_factory=dict)
    requires: Mapping[str, Sequence[str]] = field(default_factory=dict)
    by_layer: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rounds: int = 0

    def wheel(self, name: str, version: str = "") -> Wheel:
        """Make the wheel of a distribution."""
        metadata = [f"Requires-Dist: {text}" for text in self.requires.get(name, ())]
        version = version or self.versions.get(name, "1.0")
        stem = name.replace("-", "_")
        files = {f"{stem}.py": b""}
        path = make_wheel(self.folder / version, files, name=stem, version=version, metadata=metadata)
        return wheels.read(path)

    async def environment(
        self, requirements: Sequence[str], *, target: Target, host: BuildHost
    ) -> tuple[Wheel, ...]:
        """Give build requirements; see `pylayer.building.hosts.Requirements`."""
        return tuple(self.wheel(required_name(text)) for text in requirements)

    def locked(self, build: Build) -> Sequence[str] | None:
        """Nothing was locked."""
        return None

    async def expected(self, build: Build) -> tuple[Wheel, ...]:
        """Nothing was locked."""
        return ()

    async def likely(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...]]:
        """Give the same before it is wanted."""
        found = await self.wheels(wanted)
        return {name: each for name, each in found.items() if not isinstance(each, PylayerError)}

    def overrides(self, build: Build) -> Sequence[str]:
        """Nothing was locked."""
        return ()

    async def wheels(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...] | PylayerError]:
        """Give what builds want; see `pylayer.building.dependencies.Distributions`."""
        self.rounds += 1
        return {
            want.build.id: tuple(
                self.wheel(name, self.by_layer.get(want.build.layer.name, {}).get(name, ""))
                for name in map(required_name, want.requirements)
            )
            for want in wanted
        }


@dataclass(frozen=True)
class FakeWay(Plain):
    """A way to build for another target."""

    target: str = ""

    def job(self, job: Job) -> Job:
        """Say for which."""
        return replace(job, name=f"{job.name}@{self.target}")


@dataclass(frozen=True)
class FakeCrossing:
    """A cross compiler, or the reason why there is none."""

    reason: str = ""

    async def way(
        self, entries: Sequence[TreeEntry], *, target: Target, builder: Target, host: BuildHost
    ) -> Way:
        """Give the way to `target`; see `pylayer.building.native.Crossing`."""
        if self.reason:
            raise BuildError(self.reason)
        return FakeWay(name=f"cross for {target}", target=str(target), parts={"cross": str(target)})


class Told(Reporter):
    """A Reporter that remembers: how each build ended, warnings and notes."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.notes: list[str] = []

    def outcome(self, outcome: Outcome) -> None:
        """Remember how a build ended."""
        self.outcomes.append(outcome)

    def warn(self, fault: object) -> None:
        """Remember a warning."""
        self.notes.append(str(fault))

    def note(self, text: str) -> None:
        """Remember a note."""
        self.notes.append(text)


@dataclass
class FakeRun:
    """A run over the workspace at `root` with an engine and an index that are fakes."""

    root: Path
    engine: FakeEngine = field(default_factory=FakeEngine)
    crossing: FakeCrossing = field(default_factory=FakeCrossing)
    index: Any = None  # a FakeIndex: one of its own where none is given
    told: Told = field(default_factory=Told)
    machine: str = "store"  # the folder of its store, beside `root`
    behind: Any = None  # a shared store
    eager: bool = True  # whether files of that come as soon as they are known of

    def __post_init__(self) -> None:
        self.index = self.index or FakeIndex(self.root.parent / "index")
        self.workspace = workspace.load(self.root / "layers.toml")

    def build(self, identifier: str) -> Any:
        """Find a build of the workspace."""
        return next(build for build in self.workspace.builds if build.id == identifier)

    def target(self, name: str) -> Target:
        """Find a target of the workspace's builds."""
        return next(build.target for build in self.workspace.builds if str(build.target) == name)

    def do(self, work: Callable[[RunContext, Projects], Awaitable[Result]], *, dry: bool = False) -> Result:
        """Await `work` with the context and the projects of a run, which ends with it."""

        async def run() -> Result:
            graph = Graph(jobs=2)
            store = Store(self.root.parent / self.machine)
            store.behind, store.eager = self.behind, self.eager
            context = RunContext(
                workspace=self.workspace,
                graph=graph,
                store=store,
                hosts=FakeHosts(self.engine),
                note=self.told.note,
            )
            try:
                with store.scratch() as unpacked:
                    projects = Projects(
                        context,
                        requirements=self.index,
                        crossing=self.crossing,
                        hashes=FileHashes(),
                        unpacked=unpacked,
                        dry=dry,
                    )
                    projects.begin({build.target for build in self.workspace.builds})
                    return await work(context, projects)
            finally:
                await graph.stop()

        return asyncio.run(run())
