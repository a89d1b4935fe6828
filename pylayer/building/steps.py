"""A step (a project, the target that builds it, a way) → its wheel, kept or made, once in a run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from pylayer.building import hooks, native, pace, sources, wheelparts
from pylayer.building.closure import Root, close, refuse_login
from pylayer.building.hooks import HookRun
from pylayer.building.kept import KeptWheels, WheelPlaces
from pylayer.building.native import BackendError, Plain
from pylayer.building.pace import WheelStep
from pylayer.dataclassing import dataclass
from pylayer.errors import BuildError, Fault, PylayerError
from pylayer.graph import CircleError
from pylayer.keys import Parts, key
from pylayer.monorepo import vcs
from pylayer.names import required_name, requirement_problem
from pylayer.store import kinds
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from pylayer.building.context import RunContext
    from pylayer.building.hosts import BuildHost, Requirements
    from pylayer.building.native import Way
    from pylayer.building.sources import ProjectSource
    from pylayer.monorepo.trees import FileHashes
    from pylayer.monorepo.workspace import Project
    from pylayer.targets import Target
    from pylayer.wheels import Metadata, Wheel

    Serving = Callable[[str, Target], Awaitable["Built"]]

PLAIN = Plain()
ROUNDS = 3
_NATIVE_SECONDS = 60.0  # more than what most take that compile nothing
_OF_PROJECTS = ("serving", "wheel")  # the steps whose keys have a project's path next


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A project's wheel, whether it was made in this run, and what its key is made of.

    `note` is what a user should hear of the way in which it was built.
    """

    wheel: Wheel
    fresh: bool
    parts: Parts
    note: str = ""


class WouldBuildError(Exception):
    """A wheel that nothing kept stands for, where nothing is to be built: `parts` is what it is made of.

    `shared` is what it would be by if it came out pure, where other machines could use it then. `step` is the
    build that would be done first, and `alone` that no machine but this one could use what it gives. Where it
    waits for the build of a build requirement, that one is `first`, and the parts are that one's.
    """

    def __init__(
        self,
        step: WheelStep,
        parts: Parts,
        shared: Parts | None,
        *,
        alone: bool,
        first: WheelStep | None = None,
    ) -> None:
        super().__init__(step.name)
        self.step = step
        self.parts = parts
        self.shared = shared
        self.alone = alone
        self.first = first

    def of(self, step: WheelStep, *, alone: bool) -> WouldBuildError:
        """What it means for a build that waits for this one."""
        return WouldBuildError(step, self.parts, self.shared, alone=alone, first=self.step)


class WheelSteps:
    """The steps of one run. `built` gives the wheel of the project of a name that serves a target.

    With `dry`, a wheel that would have to be built is a WouldBuildError.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        built: Serving,
        requirements: Requirements,
        hashes: FileHashes,
        dry: bool,
    ) -> None:
        self._workspace = context.workspace
        self._graph = context.graph
        self._store = context.store
        self._hosts = context.hosts
        self._files = context.files
        self._built = built
        self._requirements = requirements
        self._hashes = hashes
        self._dry = dry
        self._final: dict[tuple[Path, frozenset[str]], BackendError] = {}
        self._refused: dict[Path, set[str]] = {}
        self.kept = KeptWheels(context)

    async def once(self, project: Project, builder: Target, way: Way = PLAIN) -> Built:
        """The wheel of a step, worked out once; raises BuildError."""
        try:
            return await self._graph.once(
                ("wheel", project.path, builder, way.name),
                lambda: self._build(project, builder, way),
            )
        except CircleError as circle:
            steps = [each for each in circle.keys if isinstance(each, tuple) and each[0] in _OF_PROJECTS]
            names = groupby(self._named(step[1]) for step in steps)
            raise BuildError(
                f"cannot be built without itself: {' → '.join(name for name, _ in names)}",
                where=project.name,
                hint="one of their get_requires_for_build_wheel hooks must go without another",
            ) from circle

    async def source_of(self, project: Project) -> ProjectSource:
        """What a build of the project sees, read once."""
        return await self._graph.once(("source", project.path), lambda: self._source(project))

    async def _build(self, project: Project, builder: Target, way: Way) -> Built:
        source = await self.source_of(project)
        host = await self._hosts.host(builder)
        step = WheelStep(project=project.name, builder=builder, way=way.name)
        covered = _is_covered(project, host)
        shares = covered and not way.name and self._serves_everywhere(project, source, builder)

        async def needed(requires: Sequence[str]) -> tuple[Wheel, ...]:
            try:
                return await self._required(project, requires, builder=builder, host=host)
            except WouldBuildError as first:
                raise first.of(step, alone=not covered) from first

        required = await needed(project.requires)
        version = await self._version(project, required)

        def among(required: tuple[Wheel, ...]) -> WheelPlaces:
            parts = wheelparts.of(project, source=source, host=host, required=required, version=version)
            parts |= way.parts
            return WheelPlaces(
                kind=kinds.WHEEL if covered else kinds.OWN_WHEEL,
                parts=parts,
                shared=wheelparts.anywhere(parts, builder=builder) if shares else None,
            )

        # What the backend asked for the last time is known before it is asked, so that a wheel that is kept
        # has the same environment in the lock, and is built anew when that environment is another one.
        unasked = among(required)
        asked = self.kept.asked(unasked)
        seconds = 0.0
        for _ in range(ROUNDS):
            if asked:
                required = await needed((*project.requires, *asked))
            places = among(required)
            if kept := await self.kept.find(source, places):
                wheel, parts = kept
                return Built(wheel=wheel, fresh=False, parts=parts)
            digest = key(places.parts)
            if self._dry:
                raise WouldBuildError(step, places.parts, places.shared, alone=not covered)
            self._refuse(project, way, digest)
            await self._files.of_wheels((*required, *way.tools))
            way = await way.ready()
            run = HookRun(
                step=step,
                project=project,
                source=source,
                host=host,
                way=way,
                required=required,
                env=dict(project.options.env) | vcs.environment(project, version),
                asked=asked,
            )
            outcome, took = await self._tried(run, digest=digest)
            seconds += took
            if not isinstance(outcome, tuple):
                self.kept.put_asked(asked, outcome, unasked)
                pace.remember(self._store, step, seconds)
                image = host.interpreter.image or ""
                parts = self.kept.put(outcome, source, places, image=image, seconds=seconds)
                notes = (
                    await self._graph.compute(vcs.doubt, project, outcome.metadata.version),
                    sources.bulk(project, source, parts),
                )
                return Built(wheel=outcome, fresh=True, parts=parts, note="; ".join(filter(None, notes)))
            asked = outcome
            self._refuse_addresses(project, asked)
        raise BuildError(
            f"asks for different build requirements each time it is asked: {', '.join(asked)}",
            where=project.name,
            hint="its get_requires_for_build_wheel hook must settle on one answer",
        )

    async def _tried(self, run: HookRun, *, digest: str) -> tuple[Wheel | tuple[str, ...], float]:
        """What a run gives in its turn, and the seconds that it took; `digest` is the wheel's key."""
        project, way = run.project, run.way
        urgency = Urgency.NATIVE if way.name or sources.compiles(project, run.source) else Urgency.BUILD
        order = native.bulk(run.source.tree.entries) if urgency is Urgency.NATIVE else 0
        attempt = partial(hooks.run, run, workspace=self._workspace, store=self._store)
        covered = _is_covered(project, run.host)  # what is not is built where all that takes part in it is
        try:
            if covered:
                outcome = await self._graph.compute_away(
                    urgency, attempt, seconds=self._expected(run, urgency), order=order
                )
            else:
                outcome = await self._graph.compute_as(urgency, attempt, order=order)
        except BuildError as error:
            if way.name and project.options.native == "auto":
                await self._judge(project, run.step.builder, error)
                self._store.put_record(kinds.REFUSED, digest, {"what": error.faults[0].what})
                self._refused.setdefault(project.path, set()).add(digest)
            raise
        if (await self._source(project)).digest != run.source.digest:
            raise BuildError(
                "its files changed while it was being built",
                where=project.name,
                hint="run the same command again",
            )
        return outcome

    def _expected(self, run: HookRun, urgency: Urgency) -> float:
        """The seconds that a build took the last time, else what one of its kind may take."""
        return pace.last(self._store, run.step) or (_NATIVE_SECONDS if urgency is Urgency.NATIVE else 0.0)

    async def _version(self, project: Project, required: Sequence[Wheel]) -> str | None:
        """What version control says, where a project's version is from there: a tool may have to be run."""
        if project.vcs is None:
            return None
        from pylayer.engines import apart

        await self._files.of_wheels(required)
        return await self._graph.compute(vcs.version, project, required, store=self._store, run=apart.run)

    async def _judge(self, project: Project, builder: Target, error: BuildError) -> None:
        """Raise a final error where the project's own code is at fault, and not the way it was built.

        The builder's own compiler says so: it needs no emulation, and where it has the same complaint, that
        of another architecture would have it too. It is one error for all targets, and told once.
        """
        if not isinstance(error, BackendError) or not error.complaints:
            return
        try:
            await self.once(project, builder)
        except BackendError as other:
            if common := error.complaints & other.complaints:
                final = self._final.setdefault((project.path, common), error)
                final.final = True
                final.faults = tuple(replace(fault, where=project.name) for fault in final.faults)
                raise final from other
        except PylayerError:
            return

    async def _required(
        self, project: Project, requires: Sequence[str], *, builder: Target, host: BuildHost
    ) -> tuple[Wheel, ...]:
        """The wheels of build requirements; what is a project of the monorepo is built from it."""
        own = [text for text in requires if required_name(text) in self._workspace.projects]
        built: dict[str, Built] = {}

        async def metadata(names: frozenset[str]) -> Mapping[str, Metadata]:
            for name in sorted(names):
                built[name] = await self._built(name, builder)
            return {name: built[name].wheel.metadata for name in names}

        root = Root(
            requirements=tuple(own),
            wanted_by=f"the build of {project.name}",
            markers=builder.markers,
            where=project.name,
        )
        closure = await close(root, projects=self._workspace.projects.keys(), metadata=metadata)
        outside = sorted({*(text for text in requires if text not in own), *closure.requirements})
        for text in outside:
            refuse_login(text, wanted_by=root.wanted_by, where=project.name)
        found = await self._requirements.environment(outside, target=builder, host=host)
        return (*(built[name].wheel for name in closure.projects), *found)

    def _refuse(self, project: Project, way: Way, digest: str) -> None:
        """Do not try again what failed with the same inputs, where there is another way."""
        if way.name and project.options.native == "auto":
            record = self._store.record(kinds.REFUSED, digest)
            if record and record["what"]:
                self._refused.setdefault(project.path, set()).add(digest)
                raise BuildError(record["what"], where=f"{project.name}, {way.name}")

    def try_again(self, project: Project) -> None:
        """Forget why cross builds failed where no other way went: this host may get what it lacks."""
        for digest in self._refused.pop(project.path, ()):
            self._store.put_record(kinds.REFUSED, digest, {"what": ""})

    async def _source(self, project: Project) -> ProjectSource:
        return await self._graph.compute(sources.source_of, project, self._hashes)

    def _serves_everywhere(self, project: Project, source: ProjectSource, builder: Target) -> bool:
        """Whether the wheel serves machines of every architecture, if it comes out pure.

        Not where it could have come out otherwise on a machine with another compiler.
        """
        possible = native.is_possible(project, source.tree.sources)
        return not (possible or self.kept.native(project, source, builder))

    def _named(self, path: Path) -> str:
        """The name of the project at `path`; of an unpacked sdist, that of its folder."""
        return next((name for name, one in self._workspace.projects.items() if one.path == path), path.name)

    def _refuse_addresses(self, project: Project, asked: Sequence[str]) -> None:
        """Refuse addresses that a hook asks for by itself: this host would fetch them.

        A build without a network could tell anybody anything by such an address, and take in what nobody
        declared. Raises BuildError for what is no requirement as well.
        """
        faults = []
        for text in asked:
            if problem := requirement_problem(text):
                hint = "its get_requires_for_build_wheel hook must give requirements (PEP 508)"
                faults.append(Fault(what=f"asks for {text!r}: {problem}", where=project.name, hint=hint))
            elif (
                "@" in text
                and Requirement(text).url
                and text not in project.requires
                and required_name(text) not in self._workspace.projects
            ):
                what = f"asks for a build requirement by an address that it does not declare: {text}"
                hint = "if that is meant, add it to build-system.requires as it is written here"
                faults.append(Fault(what=what, where=project.name, hint=hint))
        if faults:
            raise BuildError.of(faults)


def _is_covered(project: Project, host: BuildHost) -> bool:
    """Whether all that can take part in a build is in its key."""
    return host.kind.has_images and not project.options.network
