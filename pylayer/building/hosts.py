"""Engines in their order → where each target's Python runs: in the first of them that has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pylayer.engines import ImageChoice, choose, placing
from pylayer.errors import EngineError, LockError
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pylayer.config.hosting import EngineSettings
    from pylayer.engines import Engine, Interpreter
    from pylayer.engines.placing import EnginePlace
    from pylayer.enginetable import EngineKind
    from pylayer.graph import Graph
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildHost:
    """Where a target's Python runs: the engine, its kind, and its Python there.

    `instead_of` says why it is not the engine before, where others were asked first.
    """

    engine: Engine
    kind: EngineKind
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


class EngineHosts:
    """Finds each target's host once; says once for each reason why it is not the first engine.

    `settings` say which engines may be used, and which hosts architectures have; each is made by `connect`
    at its first use, which raises EngineError where it does not answer, unless it is `ready`. `close` ends
    those that were made.
    `images` are the repository digests (`sha256:…`) of engines' images that other machines can pull, by
    target; `choice` says which are taken. `digests` are those of all, by what identifies their Python.
    """

    def __init__(
        self,
        settings: EngineSettings,
        *,
        connect: Callable[[EnginePlace], Engine],
        graph: Graph,
        note: Callable[[str], None],
        choice: ImageChoice | None = None,
        ready: Mapping[EnginePlace, Engine] | None = None,
    ) -> None:
        self.images: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        self._choice = choice or ImageChoice()
        self._settings = settings
        self._connect = connect
        self._ready = ready or {}
        self._graph = graph
        self._note = note
        self._noted: set[str] = set()
        self._engines: dict[EnginePlace, Engine] = {}

    async def open(self) -> None:
        """Make the first engine that answers; raises EngineError where none does."""
        reasons: list[EngineError] = []
        places = placing.every(self._settings)
        for place, following in zip(places, (*places[1:], None), strict=True):
            try:
                await self._engine(place)
            except EngineError as error:
                reasons.append(error)
                self._fall_back(place, "", error, following)
            else:
                return
        raise choose.nowhere(reasons)

    @property
    def architecture(self) -> Architecture:
        """The architecture that is built for first."""
        return self._engines[self._first].architecture or Architecture.X86_64

    @property
    def engine(self) -> str:
        """The name of the engine that the run began with."""
        return self._first.kind.name

    @property
    def _first(self) -> EnginePlace:
        return next(place for place in placing.every(self._settings) if place in self._engines)

    async def host(self, target: Target) -> BuildHost:
        """Where `target`'s Python runs; raises EngineError where nowhere."""
        return await self._graph.once(("host", target), lambda: self._find(target))

    async def _find(self, target: Target) -> BuildHost:
        reasons: list[EngineError] = []
        instead_of = ""
        places = placing.places(self._settings, target.architecture)
        for place, following in zip(places, (*places[1:], None), strict=True):
            lacks = ""
            try:
                engine = await self._engine(place)
                if refusal := placing.refusal(self._settings, target.architecture, place, engine):
                    reasons.append(refusal)
                    break
                lacks = place.lacks(str(target))
                interpreter = await self._graph.compute(engine.interpreter, target)
            except EngineError as error:
                reasons.append(error)
                instead_of = f"{place.title}: {error.faults[0].what}"
                self._fall_back(place, lacks, error, following)
                continue
            self._warn_emulated(place, engine, target)
            if place.kind.has_images:
                await self._note_image(engine, interpreter, target)
            return BuildHost(engine=engine, kind=place.kind, interpreter=interpreter, instead_of=instead_of)
        raise choose.nowhere(reasons)

    async def _note_image(self, engine: Engine, interpreter: Interpreter, target: Target) -> None:
        digest = interpreter.image
        locked = self._choice.digests.get(str(target))
        if locked and digest != locked and self._choice.strict:
            reference = target.runtime.build_image[target.architecture]
            raise LockError(
                f"{reference} is {digest or 'without a digest'} here, but {locked} in the lock",
                where=str(target),
                hint="pull the locked one, or run `pylayer lock` and commit layers.lock",
            )
        if not digest:
            return
        self.digests[interpreter.identity] = digest
        can_be_had = digest == locked or await self._graph.wait(engine.can_be_had, target)
        if can_be_had:
            self.images[str(target)] = digest

    async def _engine(self, place: EnginePlace) -> Engine:
        async def make() -> Engine:
            # A host of its own may be far away.
            do = self._graph.wait if place.at else self._graph.compute
            ready = self._ready.get(place)
            engine = await do(self._connect, place) if ready is None else ready
            engine.choose_images(self._choice)
            self._engines[place] = engine
            return engine

        return await self._graph.once(("engine", place.kind.name, place.at), make)

    def _fall_back(
        self, place: EnginePlace, lacks: str, error: EngineError, following: EnginePlace | None
    ) -> None:
        """Say once for each reason what is done instead; `lacks`: what an engine that answers has not."""
        reason = error.faults[0].what
        if following:
            what = lacks or f"{place.title} does not answer"
            hint = place.hint(answers=bool(lacks))
            self._say_once(reason, f"{what} ({reason}): building what is possible {following.there}\n{hint}")

    def _warn_emulated(self, place: EnginePlace, engine: Engine, target: Target) -> None:
        if place.at and engine.architecture != target.architecture:
            what = f"{place.title} is the host of {target.architecture}, but runs {engine.architecture}"
            self._say_once(what, f"{what}: what is built there is emulated")

    def _say_once(self, reason: str, text: str) -> None:
        if reason not in self._noted:
            self._noted.add(reason)
            self._note(text)

    @property
    def began(self) -> tuple[EnginePlace, Mapping[str, str]] | None:
        """What the first engine began with that can begin with something; see `Engine.begin`."""
        for place in placing.every(self._settings):
            if place in self._engines and (what := self._engines[place].began):
                return place, what
        return None

    def close(self) -> None:
        """End every engine, running jobs included."""
        for engine in self._engines.values():
            engine.close()
