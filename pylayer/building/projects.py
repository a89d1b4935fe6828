"""Projects → their wheels: each built once for all the targets that the result serves.

What says that it compiles something is built for each target by the way that serves it. All else is built on
the engine's own architecture: what comes out pure serves every architecture; with static metadata every
runtime as well, and then the oldest runtime that allows it builds it. No index and no Docker is known here:
engines and requirements are handed in.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer import enginetable
from pylayer.building import native, sdists, sources
from pylayer.building.native import BackendError
from pylayer.building.serving import allows, serves, trusted
from pylayer.building.steps import WheelSteps
from pylayer.errors import BuildError, MisledError, NeedsDockerError, PylayerError
from pylayer.targets import Target

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from pylayer.building.context import RunContext
    from pylayer.building.hosts import Requirements
    from pylayer.building.native import Crossing, Way
    from pylayer.building.pace import WheelStep
    from pylayer.building.steps import Built
    from pylayer.index.pins import Pin
    from pylayer.monorepo.trees import FileHashes
    from pylayer.monorepo.workspace import Project
    from pylayer.wheels import Wheel


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
        self._hosts = context.hosts
        self._note = context.note
        self._crossing = crossing
        self._unpacked = unpacked
        self._dry = dry
        targets = {build.target for build in context.workspace.builds}
        runtimes = {target.runtime.name: target.runtime for target in targets}
        self._declared = targets
        self._oldest_first = sorted(runtimes.values(), key=lambda runtime: runtime.minor)
        self._wanted: AbstractSet[Target] = frozenset()
        self._steps = WheelSteps(context, built=self.built, requirements=requirements, hashes=hashes, dry=dry)

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
        return await self._steps.once(self._workspace.projects[step.project], step.builder)

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
        source = await self._steps.source_of(project)
        noted = self._steps.kept.native(project, source, target)
        if noted is None and not sources.compiles(project, source):
            return await self._plainly(project, target)
        # One is built before the others: if it compiled nothing, it serves them. Which one that is does not
        # depend on what is wanted, so that the same files give the same wheel.
        first = self._first_of(target)
        straight = noted if noted is not None else native.is_certain(project) or first not in self._wanted
        if straight:
            built = await self._native(project, target)
            if not built.wheel.pure:
                if noted is None:
                    self._steps.kept.put_native(project, source, target, native=True)
                return built
        preparing = asyncio.ensure_future(self._prepared(project, target, seen=noted is not None))
        try:
            built = await self._native(project, first)
        except PylayerError as error:
            if target == first or _is_final(error):
                raise
            return await self._native(project, target)
        finally:
            preparing.cancel()
        self._steps.kept.put_native(project, source, target, native=not built.wheel.pure)
        if serves(built.wheel, target, built_for=first, python_independent=project.python_independent):
            return built
        return await self._native(project, target)

    async def _plainly(self, project: Project, target: Target) -> Built:
        """The wheel of what does not say that it compiles something."""
        source = await self._steps.source_of(project)
        for builder in dict.fromkeys((await self._first_builder(project, target), self._own(target))):
            try:
                built = await self._steps.once(project, builder)
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
            self._steps.kept.put_native(project, source, target, native=True)
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
            try:
                return await self._contained(project, target, error.faults[0].what)
            except NeedsDockerError:
                self._steps.try_again(project)
                raise

    def _own(self, target: Target) -> Target:
        """The target of the same runtime that the engine runs without emulation."""
        return Target(runtime=target.runtime, architecture=self._hosts.architecture)

    def _first_of(self, target: Target) -> Target:
        """The target of the same runtime that is built before the others."""
        own = self._own(target)
        return own if own in self._declared else target

    async def _crossed(self, project: Project, target: Target) -> Built:
        """The wheel that the engine's own architecture builds for `target`."""
        return await self._steps.once(project, self._own(target), await self._way(project, target))

    async def _way(self, project: Project, target: Target) -> Way:
        """The way in which the engine's own architecture builds for `target`."""
        builder = self._own(target)
        source = await self._steps.source_of(project)
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
            built = await self._steps.once(project, builder)
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


def _is_final(error: PylayerError) -> bool:
    """Whether no other way of building can do better."""
    return isinstance(error, BackendError) and error.final
