"""Projects → their wheels: each built once for all the targets that the result serves.

What says that it compiles something is built for each target by the way that serves it. All else is built on
the engine's own architecture: what comes out pure serves every architecture; with static metadata every
runtime as well, and then the oldest runtime that allows it builds it. No index and no Docker is known here:
engines and requirements are handed in.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from packaging.requirements import Requirement

from pylayer import activity, below, enginetable, redaction, wheels
from pylayer.below import OutsideError
from pylayer.building import backends, diagnostics, missing, native, pace, sdists, sources, wheelparts
from pylayer.building.closure import Root, close, refuse_login
from pylayer.building.native import BackendError, Plain
from pylayer.building.pace import WheelStep
from pylayer.building.serving import allows, serves, trusted
from pylayer.engines import Job
from pylayer.errors import BuildError, Fault, MisledError, NeedsDockerError, PylayerError
from pylayer.graph import CircleError
from pylayer.keys import Parts, key
from pylayer.monorepo import vcs
from pylayer.names import required_name, requirement_problem
from pylayer.store import kinds
from pylayer.targets import Target
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from pylayer.building.context import RunContext
    from pylayer.building.hosts import BuildHost, Requirements
    from pylayer.building.native import Crossing, Way
    from pylayer.building.sources import ProjectSource
    from pylayer.engines import Done
    from pylayer.index.pins import Pin
    from pylayer.monorepo.trees import FileHashes
    from pylayer.monorepo.workspace import Project
    from pylayer.store.kinds import BuiltWheelRecord, RecordKind
    from pylayer.wheels import Metadata, Wheel

T = TypeVar("T")

_PLAIN = Plain()
_OF_PROJECTS = ("serving", "wheel")  # the steps whose keys have a project's path next
ROUNDS = 3
_OUTSIDE_HINT = "a backend must return the name of a file in the folder that it was given (PEP 517)"
SOURCE_DATE_EPOCH = "315532800"  # 1980-01-01, where zip's time begins


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


class Projects:
    """The wheels of a workspace's projects, made as they are asked for.

    `unpacked` is a folder for sdists, which the caller removes. The context's `note` hears of an sdist what a
    build's line says about a project. With `dry`, a wheel that would have to be built is a WouldBuildError.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        requirements: Requirements,
        crossing: Crossing,
        hashes: FileHashes,
        unpacked: Path,
        dry: bool = False,
    ) -> None:
        self._workspace = context.workspace
        self._graph = context.graph
        self._store = context.store
        self._hosts = context.hosts
        self._files = context.files
        self._note = context.note
        self._requirements = requirements
        self._crossing = crossing
        self._hashes = hashes
        self._unpacked = unpacked
        self._dry = dry
        targets = {build.target for build in context.workspace.builds}
        runtimes = {target.runtime.name: target.runtime for target in targets}
        self._declared = targets
        self._oldest_first = sorted(runtimes.values(), key=lambda runtime: runtime.minor)
        self._wanted: AbstractSet[Target] = frozenset()
        self._final: dict[tuple[Path, frozenset[str]], BackendError] = {}

    def begin(self, targets: AbstractSet[Target]) -> None:
        """Say which targets wheels will be asked for, before the first is."""
        self._wanted = targets

    async def built(self, name: str, target: Target) -> Built:
        """The wheel of project `name` that serves `target`.

        Raises BuildError; NeedsDockerError where only a container could give a right one.
        """
        return await self._serving(self._workspace.projects[name], target)

    async def made(self, step: WheelStep) -> Built:
        """The wheel of a build that another machine planned, whatever this one would do first."""
        return await self._once(self._workspace.projects[step.project], step.builder)

    async def from_sdist(self, path: Path, pin: Pin, *, target: Target) -> Wheel:
        """The wheel of an sdist that may run its build, made as a project's is."""
        project = await self._graph.once(
            ("sdist", pin.sha256),
            lambda: self._graph.compute(sdists.unpack, path, pin, into=self._unpacked / pin.sha256),
        )
        built = await self._serving(project, target)
        if built.fresh and built.note:
            self._note(built.note)
        return built.wheel

    async def _serving(self, project: Project, target: Target) -> Built:
        """The wheel of a project that serves `target`, worked out once however many layers ask."""
        return await self._graph.once(
            ("serving", project.path, target), lambda: self._find_serving(project, target)
        )

    async def _find_serving(self, project: Project, target: Target) -> Built:
        source = await self._source_of(project)
        known = _known(project, source, target)
        record = self._store.record(kinds.NATIVE, known)
        if record is None and not sources.compiles(project, source):
            return await self._plainly(project, target, known)
        # One is built before the others: if it compiled nothing, it serves them. Which one that is does not
        # depend on what is wanted, so that the same files give the same wheel.
        first = self._first_of(target)
        if record["native"] if record else native.is_certain(project) or first not in self._wanted:
            built = await self._native(project, target)
            if not built.wheel.pure:
                if record is None:
                    self._store.put_record(kinds.NATIVE, known, {"native": True})
                return built
        preparing = asyncio.ensure_future(self._prepared(project, target, seen=record is not None))
        try:
            built = await self._native(project, first)
        except PylayerError as error:
            if target == first or _is_final(error):
                raise
            return await self._native(project, target)
        finally:
            preparing.cancel()
        self._store.put_record(kinds.NATIVE, known, {"native": not built.wheel.pure})
        if serves(built.wheel, target, built_for=first, python_independent=project.python_independent):
            return built
        return await self._native(project, target)

    async def _plainly(self, project: Project, target: Target, known: str) -> Built:
        """The wheel of what does not say that it compiles something; `known` is to be told if it did."""
        source = await self._source_of(project)
        for builder in dict.fromkeys((await self._first_builder(project, target), self._own(target))):
            try:
                built = await self._once(project, builder)
            except BuildError as error:
                # Where the host has no compiler, the cross compiler may do what it cannot.
                if project.options.native == "container" or not native.has_sources(source.tree.sources):
                    raise
                try:
                    return await self._crossed(project, target)
                except PylayerError:
                    raise error from None
            if serves(built.wheel, target, built_for=builder, python_independent=project.python_independent):
                return built
            if not built.wheel.pure:
                break
        built = await self._native(project, target)
        if not built.wheel.pure:
            self._store.put_record(kinds.NATIVE, known, {"native": True})
        return built

    async def _native(self, project: Project, target: Target) -> Built:
        """The wheel by the cross compiler, or by the target's container where that does not do."""
        if project.options.native == "container":
            return await self._contained(project, target, "")
        try:
            return await self._crossed(project, target)
        except PylayerError as error:
            if project.options.native == "cross" or _is_final(error):
                raise
            return await self._contained(project, target, error.faults[0].what)

    def _own(self, target: Target) -> Target:
        """The target of the same runtime that the engine runs without emulation."""
        return Target(runtime=target.runtime, architecture=self._hosts.architecture)

    def _first_of(self, target: Target) -> Target:
        """The target of the same runtime that is built before the others."""
        own = self._own(target)
        return own if own in self._declared else target

    async def _crossed(self, project: Project, target: Target) -> Built:
        """The wheel that the engine's own architecture builds for `target`."""
        return await self._once(project, self._own(target), await self._way(project, target))

    async def _way(self, project: Project, target: Target) -> Way:
        """The way in which the engine's own architecture builds for `target`."""
        builder = self._own(target)
        source = await self._source_of(project)
        host = await self._hosts.host(builder)
        return await self._crossing.way(source.tree.sources, target=target, builder=builder, host=host)

    async def _prepared(self, project: Project, target: Target, *, seen: bool) -> None:
        """Have ready what a build for `target` will need, unless it was `seen` which build serves it."""
        if not (self._dry or seen) and project.options.native != "container":
            with suppress(PylayerError, MisledError):  # whoever needs it hears of it
                await (await self._way(project, target)).ready()

    async def _contained(self, project: Project, target: Target, reason: str) -> Built:
        """The wheel that the target's container builds; `reason` is why no other way did."""
        host = await self._hosts.host(target)
        what = "has native code, which must be built in a container of the target"
        needs = NeedsDockerError(
            f"{what}: {reason}" if reason else what,
            where=project.name,
            hint=host.instead_of or enginetable.elsewhere(),
        )
        # This host's own compiler may make something that no libc is asked for.
        builder = target if host.kind.has_target_libc else self._own(target)
        try:
            built = await self._once(project, builder)
        except BackendError as error:
            if host.kind.has_target_libc or not reason:
                raise
            raise needs from error
        if not host.kind.has_target_libc and not trusted(built.wheel, target):
            raise needs
        if not reason:
            return built
        note = f"{project.name} is built in the container of {target}: {reason}"
        notes = filter(None, (note, built.note))
        return replace(built, parts={**built.parts, "not cross-built": reason}, note="; ".join(notes))

    async def _first_builder(self, project: Project, target: Target) -> Target:
        """The target whose Python builds `project` first."""
        candidates = [target.runtime]
        if project.python_independent:
            candidates = [
                runtime for runtime in self._oldest_first if allows(project.requires_python, runtime.python)
            ]
        builders = [
            Target(runtime=runtime, architecture=self._hosts.architecture)
            for runtime in candidates or [target.runtime]
        ]
        for builder in builders[:-1]:
            try:
                await self._hosts.host(builder)
            except NeedsDockerError:
                continue  # this host lacks that Python; a static project can be built by another
            return builder
        return builders[-1]

    async def _once(self, project: Project, builder: Target, way: Way = _PLAIN) -> Built:
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

    async def _build(self, project: Project, builder: Target, way: Way) -> Built:
        source = await self._source_of(project)
        host = await self._hosts.host(builder)
        step = WheelStep(project=project.name, builder=builder, way=way.name)
        alone = not _is_covered(project, host)

        async def needed(requires: Sequence[str]) -> tuple[Wheel, ...]:
            try:
                return await self._required(project, requires, builder=builder, host=host)
            except WouldBuildError as first:
                raise first.of(step, alone=alone) from first

        required = await needed(project.requires)
        version = await self._version(project, required)
        env = dict(project.options.env) | vcs.environment(project, version)
        # What the backend asked for the last time is known before it is asked, so that a wheel that is kept
        # has the same environment in the lock, and is built anew when that environment is another one.
        parts = wheelparts.of(project, source=source, host=host, required=required, version=version)
        parts |= way.parts
        kind = kinds.OWN_WHEEL if alone else kinds.WHEEL
        shares = not way.name and self._shares(project, source, builder, host)
        places = [wheelparts.anywhere(parts, builder=builder)] if shares else []
        firsts = [key(each) for each in (*places, parts)]
        records = (self._store.record(kinds.ASKED, each) for each in firsts)
        asked = next((record["requires"] for record in records if record), ())
        seconds = 0.0
        for _ in range(ROUNDS):
            if asked:
                required = await needed((*project.requires, *asked))
            parts = wheelparts.of(project, source=source, host=host, required=required, version=version)
            parts |= way.parts
            shared = wheelparts.anywhere(parts, builder=builder) if shares else None
            if kept := await self._kept_as(source, parts, shared, kind):
                wheel, parts = kept
                return Built(wheel=wheel, fresh=False, parts=parts)
            digest = key(parts)
            if self._dry:
                raise WouldBuildError(step, parts, shared, alone=alone)
            self._refuse(project, way, digest)
            await self._files.of_wheels((*required, *way.tools))
            way = await way.ready()
            attempt = partial(
                self._attempt,
                project,
                source,
                builder=builder,
                host=host,
                required=required,
                env=env,
                asked=asked,
                way=way,
            )
            outcome, took = await self._tried(
                attempt, project, source, way=way, builder=builder, digest=digest
            )
            seconds += took
            if not isinstance(outcome, tuple):
                by = shared if outcome.pure else None
                self._store.put_record(kinds.ASKED, firsts[0 if by else -1], {"requires": asked})
                image = host.interpreter.image or ""
                pace.remember(self._store, step, seconds)
                parts = self._put(
                    outcome, source, parts, by, kind=kind, image=image, seconds=round(seconds, 1)
                )
                return Built(
                    wheel=outcome, fresh=True, parts=parts, note=sources.bulk(project, source, parts)
                )
            asked = outcome
            self._refuse_addresses(project, asked)
        raise BuildError(
            f"asks for different build requirements each time it is asked: {', '.join(asked)}",
            where=project.name,
            hint="its get_requires_for_build_wheel hook must settle on one answer",
        )

    async def _tried(
        self,
        attempt: Callable[[], Wheel | tuple[str, ...]],
        project: Project,
        source: ProjectSource,
        *,
        way: Way,
        builder: Target,
        digest: str,
    ) -> tuple[Wheel | tuple[str, ...], float]:
        """What an attempt gives in its turn, and the seconds that it took; `digest` is the wheel's key."""
        urgency = Urgency.NATIVE if way.name or sources.compiles(project, source) else Urgency.BUILD
        try:
            outcome = await self._graph.compute_as(urgency, partial(_timed, attempt))
        except BuildError as error:
            if way.name and project.options.native == "auto":
                await self._judge(project, builder, error)
                self._store.put_record(kinds.REFUSED, digest, {"what": error.faults[0].what})
            raise
        if (await self._source(project)).digest != source.digest:
            raise BuildError(
                "its files changed while it was being built",
                where=project.name,
                hint="run the same command again",
            )
        return outcome

    async def _version(self, project: Project, required: Sequence[Wheel]) -> str | None:
        """What version control says, where a project's version is from there: a tool may have to be run."""
        if project.vcs:
            await self._files.of_wheels(required)
        return await self._graph.compute(vcs.version, project, required, store=self._store)

    async def _judge(self, project: Project, builder: Target, error: BuildError) -> None:
        """Raise a final error where the project's own code is at fault, and not the way it was built.

        The builder's own compiler says so: it needs no emulation, and where it has the same complaint, that
        of another architecture would have it too. It is one error for all targets, and told once.
        """
        if not isinstance(error, BackendError) or not error.complaints:
            return
        try:
            await self._once(project, builder)
        except BackendError as other:
            if common := error.complaints & other.complaints:
                final = self._final.setdefault((project.path, common), error)
                final.final = True
                final.faults = tuple(replace(fault, where=project.name) for fault in final.faults)
                raise final from other
        except PylayerError:
            return

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

    async def _required(
        self, project: Project, requires: Sequence[str], *, builder: Target, host: BuildHost
    ) -> tuple[Wheel, ...]:
        """The wheels of build requirements; what is a project of the monorepo is built from it."""
        own = [text for text in requires if required_name(text) in self._workspace.projects]
        built: dict[str, Built] = {}

        async def metadata(names: frozenset[str]) -> Mapping[str, Metadata]:
            for name in sorted(names):
                built[name] = await self.built(name, builder)
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
            if record:
                raise BuildError(record["what"], where=f"{project.name}, {way.name}")

    async def _source_of(self, project: Project) -> ProjectSource:
        return await self._graph.once(("source", project.path), lambda: self._source(project))

    async def _source(self, project: Project) -> ProjectSource:
        return await self._graph.compute(sources.source_of, project, self._hashes)

    def _shares(self, project: Project, source: ProjectSource, builder: Target, host: BuildHost) -> bool:
        """Whether the wheel serves machines of every architecture, if it comes out pure.

        Not where it could have come out otherwise on a machine with another compiler, nor where something
        took part that is in no key.
        """
        if not _is_covered(project, host) or native.is_possible(project, source.tree.sources):
            return False
        noted = self._store.record(kinds.NATIVE, _known(project, source, builder))
        return noted is None or not noted["native"]

    async def _kept_as(
        self, source: ProjectSource, parts: Parts, shared: Parts | None, kind: RecordKind[BuiltWheelRecord]
    ) -> tuple[Wheel, Parts] | None:
        """See `_kept_of`; where leavings are, wheels are looked into."""
        if source.leavings and self._files.lazy:
            found = []
            for own in filter(None, (shared, parts)):
                for each in (own, own | {"files": source.contents}):
                    found += [
                        self._store.record(kinds.PURE_WHEEL, key(each)),
                        self._store.record(kind, key(each)),
                    ]
            await self._graph.wait(self._store.have, [record["sha256"] for record in found if record])
        return await self._graph.compute(self._kept_of, source, parts, shared, kind)

    def _kept_of(
        self, source: ProjectSource, parts: Parts, shared: Parts | None, kind: RecordKind[BuiltWheelRecord]
    ) -> tuple[Wheel, Parts] | None:
        """The wheel that is kept, and what its key is made of: `shared`, else `parts`, without leavings.

        A wheel that was made with other leavings, or none, does where these could not have been packaged.
        `kind` is that of the records by `parts`.
        """
        for among, own in ((kinds.PURE_WHEEL, shared), (kind, parts)):
            if own is None:
                continue
            if (kept := self._kept(among, own)) and not sources.could_package_leavings(source, kept[0]):
                return kept
            if source.leavings and (kept := self._kept(among, own | {"files": source.contents})):
                return kept
        return None

    def _put(
        self,
        wheel: Wheel,
        source: ProjectSource,
        parts: Parts,
        shared: Parts | None,
        *,
        kind: RecordKind[BuiltWheelRecord],
        image: str,
        seconds: float,
    ) -> Parts:
        """Keep a wheel by `shared`, else by `parts` as one of `kind`.

        Gives these, with leavings where they may be packaged.
        """
        record = {**wheels.to_json(wheel), "seconds": seconds}
        leavings = {"files": source.contents} if sources.could_package_leavings(source, wheel) else {}
        if shared is None:
            parts = parts | leavings
            self._store.put_record(kind, key(parts), record)
            return parts
        shared = shared | leavings
        self._store.put_record(kinds.PURE_WHEEL, key(shared), {**record, "image": image})
        return shared | {"image": image}

    def _kept(self, kind: RecordKind[Any], parts: Parts) -> tuple[Wheel, Parts] | None:
        record = self._store.record(kind, key(parts))
        path = self._store.known(record["sha256"]) if record else None
        if not record or not path:
            return None
        made_in = {"image": record["image"]} if "image" in record else {}
        return wheels.from_json(record, path), parts | made_in

    def _attempt(
        self,
        project: Project,
        source: ProjectSource,
        *,
        builder: Target,
        host: BuildHost,
        required: tuple[Wheel, ...],
        env: dict[str, str],
        asked: tuple[str, ...],
        way: Way,
    ) -> Wheel | tuple[str, ...]:
        """Run the hooks once: the wheel, or the requirements that the backend asks for besides."""
        where = f"{project.name}, {way.name}" if way.name else f"{project.name} for {builder}"
        job = Job(
            name=project.name,
            script="hook",
            tree=sources.laid(project, source),
            around=(*source.seen.around, *source.tree.beside),
            request={
                "backend": project.backend,
                "backend_path": list(project.backend_path),
                "config_settings": wheelparts.config_settings(project),
                "subdir": source.tree.subdir,
                "installed": list(asked),
                "git": source.seen.answers,
                "history": source.seen.history,
            },
            beside={"git.py": wheelparts.script("git")},
            env=env,
            warm=backends.imports(project),
        )
        build_env = host.engine.build_env(builder, required, network=project.options.network, tools=way.tools)
        # What layers.toml gives the build to know, its log does not tell.
        clean = partial(redaction.without, redaction.named_secrets(env))
        with self._store.scratch() as folder:
            with activity.printing(project.name, clean=clean):
                done = build_env.run(way.job(job), into=folder)
            done = replace(done, log=clean(done.log))
            activity.told(done.log)
            if done.status != 0:
                raise self._failure(project, source, done, way=way, where=where)
            if not (filename := done.answer.get("wheel")):
                return _asked(done, where=where)
            try:
                path = below.find(folder, filename)
            except OutsideError as error:
                what = f"the path of its wheel {error}"
                raise BuildError(what, where=where, hint=_OUTSIDE_HINT, log=done.log) from error
            path = way.finished(path, done, where=where)
            return self._keep(path, done, project=project, where=where)

    def _failure(
        self, project: Project, source: ProjectSource, done: Done, *, way: Way, where: str
    ) -> BackendError:
        what = f"its build backend {project.backend} failed (exit status {done.status})"
        error = BackendError(
            way.failure(done) or what,
            where=where,
            hint=self._hint(project, source, done),
            log=done.log,
        )
        error.complaints = diagnostics.complaints(done.log, own=source.contents)
        return error

    def _hint(self, project: Project, source: ProjectSource, done: Done) -> str:
        """Say what to do about a failed build: let it see the files that it wanted of the repository."""
        lost = missing.inputs(
            done.log,
            folder=project.path,
            subdir=source.tree.subdir,
            repository=self._workspace.manifest.root,
            seen=source.contents,
            projects=[each.path for each in self._workspace.projects.values()],
        )
        if not lost or project.unpacked:
            return "the backend's own output is above"
        declared = self._workspace.manifest.options.get(project.name)
        named = json.dumps([*(declared.inputs if declared else ()), *lost])
        what = f"{', '.join(lost)} of the repository {'are' if len(lost) > 1 else 'is'} outside of its folder"
        return f"{what}: write inputs = {named} under [projects.{project.name}]"

    def _keep(self, path: Path, done: Done, *, project: Project, where: str) -> Wheel:
        """Take a fresh wheel into the store in its canonical form."""
        canonical = path.with_suffix(".canonical")
        wheels.canonicalise(path, canonical, neighbours=self._workspace.projects.keys())
        wheel = wheels.read(canonical, filename=path.name)
        if wheel.metadata.name != project.name:
            raise BuildError(
                f"its build made a wheel with another name: {path.name}",
                where=where,
                hint="the name in the project's metadata and the one that its backend uses must be the same",
                log=done.log,
            )
        for requirement in wheel.metadata.requires:
            refuse_login(requirement, wanted_by=project.name, where=where)
        digest = self._store.put_blob(canonical)
        kept = self._store.blob(digest)
        assert kept is not None
        return wheels.from_json(wheels.to_json(wheel), kept)


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    """What a call gives, and how many seconds it took."""
    began = time.perf_counter()
    result = call()
    return result, time.perf_counter() - began


def _is_covered(project: Project, host: BuildHost) -> bool:
    """Whether all that can take part in a build is in its key."""
    return host.kind.has_images and not project.options.network


def _known(project: Project, source: ProjectSource, target: Target) -> str:
    """The key of what is known of the project's builds: by its files' names.

    That says more than what is in them.
    """
    return key({"project": project.name, "files": sorted(source.own), "python": target.runtime.minor})


def _is_final(error: PylayerError) -> bool:
    """Whether no other way of building can do better."""
    return isinstance(error, BackendError) and error.final


def _asked(done: Done, *, where: str) -> tuple[str, ...]:
    """The requirements that a hook gave; raises BuildError where its answer has none."""
    requires = done.answer.get("requires")
    if not isinstance(requires, list) or not all(isinstance(text, str) for text in requires):
        raise BuildError(
            "its build backend gave neither a wheel nor a list of requirements", where=where, log=done.log
        )
    return tuple(requires)
