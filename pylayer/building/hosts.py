"""Engines in their order → where each target's Python runs: in the first of them that has it."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol

from pylayer.building import facts
from pylayer.dataclassing import dataclass
from pylayer.engines import ImageChoice, choose, placing
from pylayer.engines.once import Once
from pylayer.errors import EngineError, LockError, MisledError
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pylayer.config.hosting import EngineSettings
    from pylayer.engines import Begun, BuildEnv, Engine, Interpreter
    from pylayer.engines.placing import EnginePlace
    from pylayer.enginetable import EngineKind
    from pylayer.graph import Graph
    from pylayer.store import Store
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


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPythons:
    """The Pythons of the first engine's images, `by_target`, as far as they are known without asking it.

    What it says is kept in `store`. `architecture` is what it runs without emulation, as this machine does.
    """

    store: Store | None = None
    architecture: Architecture | None = None
    by_target: Mapping[str, Interpreter] = field(default_factory=dict)


class EngineHosts:
    """Finds each target's host once; says once for each reason why it is not the first engine.

    Of Pythons that are `known` no engine is asked, until something has to be done in one. That raises
    MisledError where the engine does not answer, or has another Python then.

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
        known: KnownPythons | None = None,
    ) -> None:
        self.images: dict[str, str] = {}
        self.digests: dict[str, str] = {}
        self._choice = choice or ImageChoice()
        self._settings = settings
        self._connect = connect
        self._ready = ready or {}
        self._graph = graph
        self._note = note
        self._store = known.store if known else None
        self._known = known.by_target if known and known.architecture else {}
        self._here = known.architecture if known else None
        self._noted: set[str] = set()
        self._engines: dict[EnginePlace, Engine] = {}
        self._connected: Once[EnginePlace, Engine] = Once()

    async def open(self) -> None:
        """Make the first engine that answers, if it has to be asked; raises EngineError where none does."""
        if self._known:
            return
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
        if self._known and self._here:
            return self._here
        return self._engines[self._first].architecture or Architecture.X86_64

    @property
    def engine(self) -> str:
        """The name of the engine that the run began with."""
        return self._first.kind.name

    @property
    def _first(self) -> EnginePlace:
        places = placing.every(self._settings)
        return next((place for place in places if self._known or place in self._engines), places[0])

    async def host(self, target: Target) -> BuildHost:
        """Where `target`'s Python runs; raises EngineError where nowhere."""
        return await self._graph.once(("host", target), lambda: self._find(target))

    async def _find(self, target: Target) -> BuildHost:
        reasons: list[EngineError] = []
        instead_of = ""
        places = placing.places(self._settings, target.architecture)
        if python := self._known.get(str(target)):
            return self._unasked(python, places[0], target)
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
                if self._known and place not in self._engines:
                    raise MisledError(f"{place.title} does not answer") from error
                reasons.append(error)
                instead_of = f"{place.title}: {error.faults[0].what}"
                self._fall_back(place, lacks, error, following)
                continue
            self._warn_emulated(place, engine, target)
            if place.kind.has_images:
                await self._note_image(engine, interpreter, target)
                if interpreter.image and self._store:
                    facts.keep(target, interpreter, kind=place.kind, store=self._store)
            return BuildHost(engine=engine, kind=place.kind, interpreter=interpreter, instead_of=instead_of)
        raise choose.nowhere(reasons)

    def _unasked(self, python: Interpreter, place: EnginePlace, target: Target) -> BuildHost:
        """The host whose Python is known, which is looked for when something is done there."""
        digest = self._choice.digests[str(target)]
        self.images[str(target)] = self.digests[python.identity] = digest

        def found() -> Engine:
            try:
                engine = self._connected_to(place)
                there = engine.interpreter(target)
            except EngineError as error:
                raise MisledError(f"{place.title} cannot be asked, or has no such image") from error
            if (there.identity, there.image) != (python.identity, python.image):
                raise MisledError(f"{place.title} has another image for {target}")
            return engine

        return BuildHost(
            engine=UnaskedEngine(found, architecture=self.architecture),
            kind=place.kind,
            interpreter=replace(python, emulated=not place.at and target.architecture != self._here),
        )

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
            return await do(self._connected_to, place)

        return await self._graph.once(("engine", place.kind.name, place.at), make)

    def _connected_to(self, place: EnginePlace) -> Engine:
        """The engine at a place, whichever thread asks first; MisledError where it is not as it was taken."""

        def make() -> Engine:
            ready = self._ready.get(place)
            engine = self._connect(place) if ready is None else ready
            engine.choose_images(self._choice)
            self._engines[place] = engine
            if self._known and not place.at and engine.architecture != self._here:
                raise MisledError(f"{place.title} runs {engine.architecture}")
            return engine

        return self._connected.get(place, make)

    def _fall_back(
        self, place: EnginePlace, lacks: str, error: EngineError, following: EnginePlace | None
    ) -> None:
        """Say once for each reason what is done instead; `lacks`: what an engine that answers has not."""
        reason = error.faults[0].what
        if following:
            what = lacks or f"{place.title} does not answer"
            hint = place.hint(answers=bool(lacks), remedy=error.faults[0].hint if lacks else "")
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


class UnaskedEngine:
    """An engine of which all that decides a key is known: `find` gives it when something is done in it."""

    def __init__(self, find: Callable[[], Engine], *, architecture: Architecture) -> None:
        self._find = find
        self.architecture: Architecture | None = architecture

    def interpreter(self, target: Target) -> Interpreter:
        """Ask it; see `pylayer.engines.Engine`."""
        return self._find().interpreter(target)

    def choose_images(self, choice: ImageChoice) -> None:
        """Leave that to who connects to it."""

    def can_be_had(self, target: Target) -> bool:
        """Ask it."""
        return self._find().can_be_had(target)

    def build_env(
        self,
        target: Target,
        requirements: Sequence[Wheel],
        *,
        network: bool = False,
        tools: Sequence[Wheel] = (),
    ) -> BuildEnv:
        """Give one of its build environments."""
        return self._find().build_env(target, requirements, network=network, tools=tools)

    def bare_env(self, target: Target) -> BuildEnv:
        """Give one of its build environments for bare jobs."""
        return self._find().bare_env(target)

    def begin(self, what: Mapping[str, str], begun: Begun | None = None) -> None:
        """Leave that to who connects to it."""

    @property
    def began(self) -> Mapping[str, str]:
        """Nothing: it is not asked."""
        return {}

    def close(self) -> None:
        """Leave that to who connected to it."""
