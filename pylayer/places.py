"""Engine choice → where each target's Python runs: in Docker, or on this host where `auto` has to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pylayer.errors import EngineError, NeedsDockerError
from pylayer.projects import Place
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Callable

    from pylayer.engines import Engine
    from pylayer.graph import Graph
    from pylayer.manifest import EngineChoice
    from pylayer.targets import Target


class Source(Protocol):
    """Makes an engine; raises EngineError where there is none."""

    def __call__(self) -> Engine:
        """Connect to it."""
        ...


class EnginePlaces:
    """Finds each target's place once; with `auto`, says once for each reason why this host must do.

    An engine is made at its first use. `close` ends those that were made.
    """

    def __init__(
        self,
        choice: EngineChoice,
        *,
        docker: Source,
        local: Source,
        graph: Graph,
        note: Callable[[str], None],
    ) -> None:
        self._choice = choice
        self._sources = {"docker": docker, "local": local}
        self._graph = graph
        self._note = note
        self._noted: set[str] = set()
        self._engines: dict[str, Engine] = {}
        self._without_docker: EngineError | None = None

    async def open(self) -> None:
        """Make the engine that the choice names; raises EngineError where it must be Docker and is not."""
        if self._choice == "local":
            await self._engine("local")
            return
        try:
            await self._engine("docker")
        except EngineError as error:
            if self._choice == "docker":
                raise
            self._without_docker = error
            self._fall_back("no Docker answers", error)
            await self._engine("local")

    @property
    def architecture(self) -> Architecture:
        """The architecture that is built for first."""
        engine = self._engines.get("docker") or self._engines["local"]
        return engine.architecture or Architecture.X86_64

    @property
    def engine(self) -> str:
        """The engine that the run began with: `docker` or `local`."""
        return "docker" if "docker" in self._engines else "local"

    async def place(self, target: Target) -> Place:
        """Where `target`'s Python runs; raises EngineError where nowhere."""
        return await self._graph.once(("place", target), lambda: self._find(target))

    async def _find(self, target: Target) -> Place:
        reason = self._without_docker
        if docker := self._engines.get("docker"):
            try:
                return Place(engine=docker, interpreter=await self._graph.compute(docker.interpreter, target))
            except EngineError as error:
                if self._choice == "docker":
                    raise
                reason = error
                self._fall_back(f"Docker has no image for {target}", error)
        local = await self._engine("local")
        instead_of = f"Docker: {reason.faults[0].what}" if reason else ""
        try:
            interpreter = await self._graph.compute(local.interpreter, target)
        except NeedsDockerError as error:
            if reason is None:
                raise
            raise NeedsDockerError.of([*error.faults, *reason.faults]) from error
        return Place(engine=local, interpreter=interpreter, instead_of=instead_of)

    async def _engine(self, name: str) -> Engine:
        async def make() -> Engine:
            engine = await self._graph.compute(self._sources[name])
            self._engines[name] = engine
            return engine

        return await self._graph.once(("engine", name), make)

    def _fall_back(self, what: str, error: EngineError) -> None:
        reason = error.faults[0].what
        if reason not in self._noted:
            self._noted.add(reason)
            self._note(f"{what} ({reason}): building on this host what it can")

    def close(self) -> None:
        """End every engine, running jobs included."""
        for engine in self._engines.values():
            engine.close()
