"""The story of a run: selected builds → wheels, distributions, bytecode, archives, checks → outcomes.

All builds go through it at once; what several of them need is made once (`graph`). A build that fails takes
none of the others with it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pylayer import archive as archives
from pylayer import catalogue
from pylayer.archive import Archive
from pylayer.closure import Closure, close, root_of
from pylayer.errors import BuildError, NeedsDockerError, PylayerError
from pylayer.graph import together
from pylayer.keys import Parts, key
from pylayer.outcomes import Outcome, State
from pylayer.projects import allows
from pylayer.store import hash_file, writing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.graph import Graph
    from pylayer.manifest import Build
    from pylayer.outcomes import Reporter
    from pylayer.projects import Built, Projects
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Metadata, Wheel
    from pylayer.workspace import Workspace

ARCHIVE_FORMAT = 1
MOST_ROUNDS = 20


class Distributions(Protocol):
    """Gives the third-party wheels of builds: what the lock says, or what the resolver finds."""

    async def wheels(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...] | PylayerError]:
        """By build id, the wheels of what each of a layer's builds requires and of all that needs.

        They are asked for together, so that they can be given the same versions.
        """
        ...


class Bytecode(Protocol):
    """Gives the compiled companions of wheels."""

    async def companions(self, wheels: Sequence[Wheel], *, build: Build) -> Companions:
        """Zips whose members are at their places in the archive already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The third-party requirements of a build's closure: PEP 508, sorted, markers evaluated."""

    build: Build
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Companions:
    """Compiled companions: their files with their sha256 (hex), and what a user should hear of them."""

    files: tuple[tuple[str, Path], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a build came to: its archive and everything that its key is made of."""

    archive: Archive
    fresh: bool
    wheels: tuple[Wheel, ...]
    parts: Parts
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What belongs into a build: its closure, and the third-party wheels of that."""

    closure: Closure
    others: tuple[Wheel, ...] = ()


class Pipeline:
    """One run over a workspace. The seams are handed in, so that a test can give others."""

    def __init__(  # noqa: PLR0913  the seams of a run
        self,
        workspace: Workspace,
        *,
        graph: Graph,
        store: Store,
        projects: Projects,
        distributions: Distributions,
        bytecode: Bytecode,
        reporter: Reporter,
    ) -> None:
        self._workspace = workspace
        self._graph = graph
        self._store = store
        self._projects = projects
        self._distributions = distributions
        self._bytecode = bytecode
        self._reporter = reporter
        self._output = workspace.manifest.output
        self._selected: dict[str, list[Build]] = {}

    async def run(self, builds: Sequence[Build]) -> dict[str, tuple[Outcome, Made | None]]:
        """Make the archives of `builds`; by build id, how each ended and what was made of it."""
        with writing(self._output):
            self._output.mkdir(parents=True, exist_ok=True)
        for build in builds:
            self._selected.setdefault(build.layer.name, []).append(build)
        ended = await asyncio.gather(*(self._ended(build) for build in builds))
        made = {outcome.build.id: (outcome, made) for outcome, made in ended}
        self._write_catalogue(made)
        return made

    async def _ended(self, build: Build) -> tuple[Outcome, Made | None]:
        """Make one build, and tell how it ended."""
        started = time.perf_counter()
        made = None
        try:
            made = await self._make(build)
        except NeedsDockerError as error:
            outcome = Outcome(build=build, state=State.SKIPPED, error=error)
        except PylayerError as error:
            outcome = Outcome(build=build, state=State.FAILED, error=error)
        else:
            outcome = Outcome(
                build=build,
                state=State.BUILT if made.fresh else State.CACHED,
                size=made.archive.size,
                unzipped_size=made.archive.unzipped_size,
                sha256=made.archive.sha256,
                wheels=len(made.wheels),
                seconds=time.perf_counter() - started,
                notes=made.notes,
            )
        self._reporter.outcome(outcome)
        return outcome, made

    async def _make(self, build: Build) -> Made:
        built, others = await self._closed(build)
        everything = (*(one.wheel for one in built.values()), *others)
        companions = await self._bytecode.companions(everything, build=build)
        parts: Parts = {
            "format": ARCHIVE_FORMAT,
            "runtime": build.target.runtime.name,  # the shebangs of scripts name it
            "bytecode": build.layer.bytecode,
            "projects": {name: one.wheel.sha256 for name, one in built.items()},
            "distributions": {
                wheel.metadata.name: f"{wheel.metadata.version} {wheel.sha256}" for wheel in others
            },
            "compiled": sorted(sha256 for sha256, _ in companions.files),
        }
        digest = key(parts)
        archive, fresh = await self._graph.once(
            ("archive", digest), lambda: self._assembled(digest, build, everything, companions)
        )
        place = self._output / f"{build.id}.zip"
        if archive.path != place:
            fresh = await self._graph.compute(self._same_as, archive, place) or fresh
        sources = {name: one.parts for name, one in built.items()}
        return Made(
            archive=Archive(
                path=place,
                sha256=archive.sha256,
                size=archive.size,
                unzipped_size=archive.unzipped_size,
                members=archive.members,
            ),
            fresh=fresh,
            wheels=everything,
            parts=parts | {"sources": sources},
            notes=companions.notes,
        )

    async def _closed(self, build: Build) -> tuple[dict[str, Built], tuple[Wheel, ...]]:
        """The wheels of the build's projects by name, and its third-party wheels."""
        name = build.layer.name
        layer = await self._graph.once(("layer", name), lambda: self._closed_layer(self._selected[name]))
        closed = layer[build.id]
        if isinstance(closed, PylayerError):
            raise closed
        built = {project: await self._project(project, build.target) for project in closed.closure.projects}
        return built, closed.others

    async def _closed_layer(self, builds: Sequence[Build]) -> dict[str, Closed | PylayerError]:
        """Close the builds of one layer together, by build id.

        A third-party distribution may require a project of the monorepo, which may require others: so it is
        gone round until nothing new comes.
        """
        closed: dict[str, Closed | PylayerError] = {}
        open_builds = list(builds)
        for _ in range(MOST_ROUNDS):
            found = await asyncio.gather(
                *(self._closure(build, closed.get(build.id)) for build in open_builds)
            )
            wanted = []
            for build, closure in zip(open_builds, found, strict=True):
                before = closed.get(build.id)
                if isinstance(closure, PylayerError):
                    closed[build.id] = closure
                elif not isinstance(before, Closed) or before.closure != closure:
                    closed[build.id] = Closed(closure=closure)
                    wanted.append(Wanted(build=build, requirements=closure.requirements))
            if not wanted:
                break
            others = await self._distributions.wheels(wanted)
            for want in wanted:
                one, wheels = closed[want.build.id], others[want.build.id]
                assert isinstance(one, Closed)
                closed[want.build.id] = (
                    wheels if isinstance(wheels, PylayerError) else replace(one, others=wheels)
                )
            open_builds = [want.build for want in wanted if isinstance(closed[want.build.id], Closed)]
        return closed

    async def _closure(self, build: Build, before: Closed | PylayerError | None) -> Closure | PylayerError:
        async def metadata(names: frozenset[str]) -> Mapping[str, Metadata]:
            built = await together([self._project(name, build.target) for name in sorted(names)])
            return {one.wheel.metadata.name: one.wheel.metadata for one in built}

        outside = [wheel.metadata for wheel in before.others] if isinstance(before, Closed) else []
        try:
            return await close(
                root_of(build), projects=self._workspace.projects.keys(), metadata=metadata, outside=outside
            )
        except PylayerError as error:
            return error

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

    async def _assembled(
        self, digest: str, build: Build, members: Sequence[Wheel], companions: Companions
    ) -> tuple[Archive, bool]:
        """The archive of this key, and whether it had to be written."""
        place = self._output / f"{build.id}.zip"

        def assemble() -> tuple[Archive, bool]:
            if kept := self._still_there(digest, place):
                return kept, False
            archive = archives.assemble(
                members, place, target=build.target, companions=[path for _, path in companions.files]
            )
            self._store.put_record("archive", digest, _to_json(archive))
            return archive, True

        return await self._graph.compute(assemble)

    def _still_there(self, digest: str, place: Path) -> Archive | None:
        record = self._store.record("archive", digest)
        if record is None or not place.is_file() or hash_file(place) != record["sha256"]:
            return None
        return Archive(path=place, **record)

    def _same_as(self, archive: Archive, place: Path) -> bool:
        """Make `place` the same file as an archive of the same content; whether it was not."""
        with writing(place):
            if place.is_file() and (
                place.samefile(archive.path)
                or (place.stat().st_size == archive.size and hash_file(place) == archive.sha256)
            ):
                return False
            temporary = place.with_name(f".{place.name}.{os.getpid()}")
            try:
                temporary.unlink(missing_ok=True)
                try:
                    os.link(archive.path, temporary)
                except OSError:
                    shutil.copyfile(archive.path, temporary)
                temporary.replace(place)
            finally:
                temporary.unlink(missing_ok=True)
        return True

    def _write_catalogue(self, made: Mapping[str, tuple[Outcome, Made | None]]) -> None:
        """Bring layers.json up to date, and remove the archives of builds that the manifest no longer has."""
        path = self._output / catalogue.NAME
        before = catalogue.read(path)
        known = {build.id for build in self._workspace.builds}
        gone = before.builds.keys() - known
        entries = {
            identifier: _entry(outcome.build, one) for identifier, (outcome, one) in made.items() if one
        }
        catalogue.write(path, before.merged(entries, without={*gone, *made}))
        for identifier in gone:
            with suppress(OSError):
                (self._output / before.builds[identifier].path).unlink()


def _entry(build: Build, made: Made) -> catalogue.Entry:
    distributions = [
        catalogue.Distribution(name=wheel.metadata.name, version=wheel.metadata.version, sha256=wheel.sha256)
        for wheel in made.wheels
    ]
    return catalogue.Entry(
        layer=build.layer.name,
        runtime=build.target.runtime.name,
        architecture=build.target.architecture.value,
        path=made.archive.path.name,
        sha256=made.archive.sha256,
        code_sha256=made.archive.code_sha256,
        size=made.archive.size,
        unzipped_size=made.archive.unzipped_size,
        distributions=tuple(sorted(distributions, key=lambda one: one.name)),
    )


def _to_json(archive: Archive) -> dict[str, Any]:
    return {
        "sha256": archive.sha256,
        "size": archive.size,
        "unzipped_size": archive.unzipped_size,
        "members": archive.members,
    }
