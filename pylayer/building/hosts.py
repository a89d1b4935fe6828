"""Engine choice → where each target's Python runs: in Docker, or on this host where `auto` has to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pylayer.errors import EngineError, LockError, NeedsDockerError
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pylayer.config.manifest import EngineChoice
    from pylayer.engines import Engine, Interpreter
    from pylayer.graph import Graph
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildHost:
    """Where a target's Python runs: the engine, and what that Python is there.

    `instead_of` says why it is not Docker, where that was tried first.
    """

    engine: Engine
    interpreter: Interpreter
    instead_of: str = ""


class BuildHosts(Protocol):
    """Finds the BuildHost of a target; asked often, so an answer is remembered."""

    @property
    def architecture(self) -> Architecture:
        """The architecture that is built for first."""
        ...

    async def host(self, target: Target) -> BuildHost:
        """Raises EngineError where there is none."""
        ...


class Requirements(Protocol):
    """Turns requirement strings into wheels that an interpreter can install."""

    async def environment(
        self, requirements: Sequence[str], *, target: Target, host: BuildHost
    ) -> tuple[Wheel, ...]:
        """The wheels of `requirements` and of all they need, for the interpreter of `host`."""
        ...


class EngineFactory(Protocol):
    """Makes an engine; raises EngineError where there is none."""

    def __call__(self) -> Engine:
        """Connect to it."""
        ...


class EngineHosts:
    """Finds each target's host once; with `auto`, says once for each reason why this host must do.

    An engine is made at its first use. `close` ends those that were made. `images` are the repository digests
    (`sha256:…`) that Docker's images turn out to have, by target; where `locked` has one, no other will do.
    """

    def __init__(  # noqa: PLR0913  the seams of a run
        self,
        choice: EngineChoice,
        *,
        docker: EngineFactory,
        local: EngineFactory,
        graph: Graph,
        note: Callable[[str], None],
        locked: Mapping[str, str] | None = None,
    ) -> None:
        self.images: dict[str, str] = {}
        self._locked = locked or {}
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

    async def host(self, target: Target) -> BuildHost:
        """Where `target`'s Python runs; raises EngineError where nowhere."""
        return await self._graph.once(("host", target), lambda: self._find(target))

    async def _find(self, target: Target) -> BuildHost:
        reason = self._without_docker
        if docker := self._engines.get("docker"):
            try:
                interpreter = await self._graph.compute(docker.interpreter, target)
                self._note_image(interpreter.image, target)
                return BuildHost(engine=docker, interpreter=interpreter)
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
        return BuildHost(engine=local, interpreter=interpreter, instead_of=instead_of)

    def _note_image(self, digest: str | None, target: Target) -> None:
        locked = self._locked.get(str(target))
        if locked and digest != locked:
            reference = target.runtime.build_image[target.architecture]
            raise LockError(
                f"{reference} is {digest or 'without a digest'} here, and {locked} in the lock",
                where=str(target),
                hint="pull the locked one, or run `pylayer lock` and commit layers.lock",
            )
        if digest:
            self.images[str(target)] = digest

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
