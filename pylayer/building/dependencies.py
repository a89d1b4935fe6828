"""Builds → what belongs into each: projects, third-party wheels, less what other layers give.

The builds of a layer are closed together, so that they can be given the same versions; those of a layer that
provides for others are closed before them.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol

from pylayer.building.closure import Closure, close, root_of
from pylayer.building.serving import allows
from pylayer.dataclassing import dataclass
from pylayer.errors import BuildError, Fault, PylayerError, ResolveError
from pylayer.graph import together
from pylayer.monorepo import stated
from pylayer.names import required_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pylayer.building.context import RunContext
    from pylayer.building.projects import Projects
    from pylayer.building.steps import Built
    from pylayer.config.layers import Build
    from pylayer.monorepo.workspace import Workspace
    from pylayer.targets import Target
    from pylayer.wheels import Metadata, Wheel

_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The third-party requirements of a build's closure: PEP 508, sorted, markers evaluated.

    `extras` (normalised) are those that its projects are wanted with. `given` are versions by name of what
    other layers give: to be taken where it can be.
    """

    build: Build
    requirements: tuple[str, ...]
    extras: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)


class Distributions(Protocol):
    """Gives the third-party wheels of builds: what the lock says, or what the resolver finds."""

    async def wheels(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...] | PylayerError]:
        """By build id, the wheels of what each of a layer's builds requires and of all that needs.

        They are asked for together, so that they can be given the same versions.
        """
        ...

    def locked(self, build: Build) -> Sequence[str] | None:
        """The sha256s of the wheels that a build is likely to get, those that it had; None without a lock."""
        ...

    async def expected(self, build: Build) -> tuple[Wheel, ...]:
        """These wheels, had as they would be if they are wanted; nothing where they no longer stand."""
        ...

    async def likely(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...]]:
        """The same as `wheels` before anybody wants it; nothing is kept of it, and errors are left out."""
        ...

    def overrides(self, build: Build) -> Sequence[str]:
        """What of a build's wheels was required (PEP 508) in place of what others require, by lock files."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContents:
    """What goes into an archive: projects by name and third-party wheels; by name, what does not, and why.

    `overrides` (PEP 508) are what lock files required in place of what others do.
    """

    projects: Mapping[str, Built]
    distributions: tuple[Wheel, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What belongs into a build: its closure, and the third-party wheels of that.

    `given` is what the layers that provide for it have: the version and the layer, by name.
    """

    closure: Closure
    others: tuple[Wheel, ...] = ()
    given: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class Dependencies:
    """Finds what belongs into builds, each layer once in a run."""

    def __init__(self, context: RunContext, *, projects: Projects, distributions: Distributions) -> None:
        self._workspace = context.workspace
        self._graph = context.graph
        self._projects = projects
        self._distributions = distributions
        self._builds: dict[str, list[Build]] = {}
        self._stated: dict[str, Metadata | None] = {}

    def begin(self, builds: Sequence[Build]) -> None:
        """Say which builds will be asked for, before the first is."""
        self._builds = _by_layer(builds, self._workspace)
        self._projects.begin({build.target for build in builds})

    async def errors(self, builds: Sequence[Build]) -> dict[str, PylayerError | None]:
        """Find out what belongs into `builds`, and have it; by build id, why that cannot be."""
        self.begin(builds)

        async def error_of(build: Build) -> PylayerError | None:
            try:
                await self.contents(build)
            except PylayerError as error:
                return error
            return None

        errors = await asyncio.gather(*(error_of(build) for build in builds))
        return {build.id: error for build, error in zip(builds, errors, strict=True)}

    def locked(self, build: Build) -> Sequence[str] | None:
        """The sha256s of the third-party wheels that a build is likely to get; None without a lock."""
        return () if build.layer.provided_by else self._distributions.locked(build)

    async def expected(self, build: Build) -> tuple[Wheel, ...]:
        """These wheels."""
        return await self._distributions.expected(build)

    async def likely(self, build: Build) -> tuple[Wheel, ...]:
        """The third-party wheels of a build that no lock knows, as its projects' own files state them.

        Nothing where they do not, or another layer gives some of them.
        """
        name = build.layer.name
        found = await self._graph.once(("likely", name), lambda: self._likely(self._builds[name]))
        return found.get(build.id, ())

    async def _likely(self, builds: Sequence[Build]) -> Mapping[str, tuple[Wheel, ...]]:
        names = self._workspace.projects.keys()

        async def metadata(wanted: frozenset[str]) -> Mapping[str, Metadata]:
            if new := wanted - self._stated.keys():
                self._stated |= await self._graph.compute(self._read, new)
            return {name: each for name in wanted if (each := self._stated[name])}

        if any(build.layer.provided_by for build in builds):
            return {}
        wanted = []
        for build in builds:
            root = root_of(build)
            plainly = tuple(stated.without_version(text, names) for text in root.requirements)
            closure = await close(replace(root, requirements=plainly), projects=names, metadata=metadata)
            wanted.append(Wanted(build=build, requirements=closure.requirements, extras=closure.extras))
        return await self._distributions.likely(wanted)

    def _read(self, names: Iterable[str]) -> dict[str, Metadata | None]:
        """What projects' files state, without each other's versions; None for those that do not."""
        projects = self._workspace.projects
        found = {name: stated.likely(name, projects[name].path) for name in names}
        return {
            name: each
            and replace(
                each,
                requires=tuple(stated.without_version(text, projects.keys()) for text in each.requires),
            )
            for name, each in found.items()
        }

    async def contents(self, build: Build) -> BuildContents:
        """What goes into the archive of a build; raises what is in the way of that."""
        closed = await self._closed(build)
        built = {project: await self._project(project, build.target) for project in closed.closure.projects}
        versions = {wheel.metadata.name: wheel.metadata.version for wheel in closed.others}
        versions |= {name: project.wheel.metadata.version for name, project in built.items()}
        left_out = {
            name: f"{version} ({layer} has it)"
            for name, (version, layer) in sorted(closed.given.items())
            if name in versions
        }
        if left_out and len(left_out) == len(versions):
            raise ResolveError(
                "it would be empty: the layers that provide for it have everything already",
                where=build.id,
                hint="use those layers without it",
            )
        return BuildContents(
            projects={name: project for name, project in built.items() if name not in left_out},
            distributions=tuple(wheel for wheel in closed.others if wheel.metadata.name not in left_out),
            left_out=left_out,
            overrides=tuple(self._distributions.overrides(build)),
            warnings=closed.closure.warnings,
        )

    async def _closed(self, build: Build) -> Closed:
        name = build.layer.name
        self._graph.needs(("closure", build.id))  # what is done for it there, but not for others of its layer
        layer = await self._graph.once(("layer", name), lambda: self._closed_layer(self._builds[name]))
        closed = layer[build.id]
        if isinstance(closed, PylayerError):
            raise closed
        return closed

    async def _given(self, build: Build) -> dict[str, tuple[str, str]]:
        """What the layers that provide for a build have for its target, and what is provided for these."""
        given: dict[str, tuple[str, str]] = {}
        for provider in providers(build, self._workspace):
            closed = await self._closed(provider)
            built = [await self._project(name, build.target) for name in closed.closure.projects]
            for wheel in (*(project.wheel for project in built), *closed.others):
                name = wheel.metadata.name
                given.setdefault(name, closed.given.get(name, (wheel.metadata.version, provider.layer.name)))
        return given

    async def _closed_layer(self, builds: Sequence[Build]) -> dict[str, Closed | PylayerError]:
        """Close the builds of one layer together, by build id.

        A third-party distribution may require a project of the monorepo, which may require others: so it is
        gone round until nothing new comes.
        """
        closed: dict[str, Closed | PylayerError] = {}
        given: dict[str, dict[str, tuple[str, str]]] = {}
        for build in builds:
            try:
                given[build.id] = await self._given(build)
            except PylayerError as error:
                closed[build.id] = error
        open_builds = [build for build in builds if build.id in given]
        for _ in range(_MOST_ROUNDS):
            found = await asyncio.gather(
                *(self._closure(build, closed.get(build.id)) for build in open_builds)
            )
            wanted = []
            for build, closure in zip(open_builds, found, strict=True):
                before = closed.get(build.id)
                if isinstance(closure, PylayerError):
                    closed[build.id] = closure
                elif not isinstance(before, Closed) or before.closure != closure:
                    closed[build.id] = Closed(closure=closure, given=given[build.id])
                    versions = {name: version for name, (version, _) in given[build.id].items()}
                    wanted.append(
                        Wanted(
                            build=build,
                            requirements=closure.requirements,
                            extras=closure.extras,
                            given=versions,
                        )
                    )
            if not wanted:
                break
            others = await self._distributions.wheels(wanted)
            for want in wanted:
                one, wheels = closed[want.build.id], others[want.build.id]
                assert isinstance(one, Closed)
                if isinstance(wheels, PylayerError):
                    closed[want.build.id] = self._attributed(wheels, one.closure)
                else:
                    closed[want.build.id] = _agreeing(replace(one, others=wheels), want.build)
            open_builds = [want.build for want in wanted if isinstance(closed[want.build.id], Closed)]
        return closed

    def _attributed(self, error: PylayerError, closure: Closure) -> PylayerError:
        """Say of what cannot be had which files require it."""
        faults = list(error.faults)
        for place, fault in enumerate(faults):
            if by := [self._file_of(name) for name in closure.wanted.get(fault.about, ())]:
                hint = f"required by {', '.join(by)}"
                faults[place] = replace(fault, hint=f"{hint}; {fault.hint}" if fault.hint else hint)
        return error if faults == [*error.faults] else type(error).of(faults, log=error.log)

    def _file_of(self, project: str) -> str:
        """Where a project's requirements are, from layers.toml's folder; of no project, layers.toml."""
        manifest = self._workspace.manifest
        if not project:
            return manifest.path.name
        folder = self._workspace.projects[project].path
        return os.path.relpath(folder / stated.stating(folder), manifest.root)

    async def _closure(self, build: Build, before: Closed | PylayerError | None) -> Closure | PylayerError:
        closure = ("closure", build.id)
        with self._graph.awaiting(closure):
            self._graph.within(closure)
            return await self._closing(build, before)

    async def _closing(self, build: Build, before: Closed | PylayerError | None) -> Closure | PylayerError:
        async def metadata(names: frozenset[str]) -> Mapping[str, Metadata]:
            built = await together([self._project(name, build.target) for name in sorted(names)])
            return {project.wheel.metadata.name: project.wheel.metadata for project in built}

        outside = [wheel.metadata for wheel in before.others] if isinstance(before, Closed) else []
        if isinstance(before, Closed) and not self._requires_projects(outside):
            return before.closure
        try:
            return await close(
                root_of(
                    build,
                    overrides=(
                        *self._workspace.manifest.overrides,
                        *self._distributions.overrides(build),
                    ),
                ),
                projects=self._workspace.projects.keys(),
                metadata=metadata,
                outside=outside,
            )
        except PylayerError as error:
            return error

    def _requires_projects(self, others: Iterable[Metadata]) -> bool:
        """Whether third-party distributions require projects of the monorepo, on some condition or none."""
        return any(
            required_name(text) in self._workspace.projects for other in others for text in other.requires
        )

    async def _project(self, name: str, target: Target) -> Built:
        built = await self._projects.built(name, target)
        requires = built.wheel.metadata.requires_python
        if not allows(requires, target.runtime.python):
            raise BuildError(
                f"{name} requires Python {requires}, which excludes {target.runtime}",
                where=f"{name} for {target}",
                hint="give its layer other runtimes in layers.toml, or widen the project's requires-python",
            )
        return built


def _by_layer(builds: Sequence[Build], workspace: Workspace) -> dict[str, list[Build]]:
    """Builds by layer, with those that provide for them, and for these."""
    found: dict[str, list[Build]] = {}
    left = list(builds)
    while left:
        build = left.pop()
        here = found.setdefault(build.layer.name, [])
        if build not in here:
            here.append(build)
            left += providers(build, workspace)
    return {name: sorted(here, key=lambda build: build.id) for name, here in found.items()}


def providers(build: Build, workspace: Workspace) -> list[Build]:
    """The builds, for the same target, of the layers that give some of what `build` needs."""
    named = (workspace.of_layers.get(name, ()) for name in set(build.layer.provided_by))
    found = [other for each in named for other in each if other.target == build.target]
    return sorted(found, key=lambda other: other.id)


def _agreeing(closed: Closed, build: Build) -> Closed | ResolveError:
    """Refuse what is left out of a layer because another gives it, in another version."""
    faults = [
        Fault(
            what=f"needs {name} {wheel.metadata.version}, but the layer {layer} provides {name} {version}",
            where=build.id,
            hint="make both require compatible versions, or pin one in `constraints`",
        )
        for wheel in closed.others
        if (name := wheel.metadata.name) in closed.given
        for version, layer in [closed.given[name]]
        if version != wheel.metadata.version
    ]
    return ResolveError.of(faults) if faults else closed
