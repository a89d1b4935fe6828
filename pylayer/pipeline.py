"""The story of a run: selected builds → wheels, distributions, bytecode, archives, checks → outcomes.

All builds go through it at once; what several of them need is made once (`graph`). A build that fails takes
none of the others with it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer import activity, folders, shortage, soundness, stepnames, unfinished
from pylayer.alone import alone
from pylayer.archives import catalogue, recipes
from pylayer.archives.additions import pack
from pylayer.archives.recipes import Assembled, Recipe, assemble
from pylayer.building.ahead import Ahead
from pylayer.checking.checker import Checker
from pylayer.checking.inspection import FinishedArchive
from pylayer.dataclassing import dataclass
from pylayer.errors import MisledError, NeedsDockerError, PylayerError, UnexpectedError
from pylayer.graph import together
from pylayer.outcomes import Outcome, State
from pylayer.store import hash_file, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pylayer.activity import Work
    from pylayer.archives.additions import Additions
    from pylayer.archives.archive import Archive
    from pylayer.building.compiler import Compiler
    from pylayer.building.context import RunContext
    from pylayer.building.dependencies import BuildContents, Dependencies
    from pylayer.config.layers import Build, Layer
    from pylayer.keys import Parts
    from pylayer.outcomes import Reporter
    from pylayer.repair.repairer import Repairer
    from pylayer.trail import Stretch
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltArchive:
    """What a build made: its archive, and what went into it in words that a person reads."""

    archive: Archive
    fresh: bool
    wheels: tuple[Wheel, ...]
    parts: Parts
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """How a build ended, what it made where it ended well, and the `works` that were done for it.

    `stretches` are what it waited for and was at until its end; none where it was found made. `projects` are
    the folders of those that were looked at for it. What is to be `tried` was, unless this machine could not.
    """

    build: Build
    outcome: Outcome
    made: BuiltArchive | None = None
    works: tuple[Work, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    projects: frozenset[Path] = frozenset()
    tried: bool = True

    def failed(self, error: PylayerError) -> BuildResult:
        """What becomes of it where `error` was found in what it made."""
        outcome = Outcome(
            **self.build.words,
            state=State.FAILED,
            seconds=self.outcome.seconds,
            error=error,
            warnings=self.outcome.warnings,
        )
        return replace(self, outcome=outcome, made=None)

    def warned(self, text: str) -> BuildResult:
        """What becomes of it where `text` was found beside other layers."""
        return replace(self, outcome=replace(self.outcome, warnings=(*self.outcome.warnings, text)))


class Pipeline:
    """One run over a workspace.

    With `listing`, an archive of which all is known is not written: layers.json has what it would be.
    `rest` is called once no build needs an engine any more, and not waited for: ending one takes as long as
    writing archives.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        dependencies: Dependencies,
        bytecode: Compiler,
        repairer: Repairer,
        rest: Callable[[], None],
        reporter: Reporter,
        listing: bool = False,
    ) -> None:
        self._workspace = context.workspace
        self._stored = context.files
        self._listing = listing
        self._graph = context.graph
        self._store = context.store
        self._dependencies = dependencies
        self._bytecode = bytecode
        self._ahead = Ahead(context, dependencies=dependencies, bytecode=bytecode)
        self._repairer = repairer
        self._rest = rest
        self._reporter = reporter
        self._output = context.workspace.manifest.output
        self._checker = Checker(context)
        self._busy: set[str] = set()
        self._resting: asyncio.Task[None] | None = None
        self._bugs: dict[Exception, UnexpectedError] = {}

    async def run(self, builds: Sequence[Build]) -> dict[str, BuildResult]:
        """Make the archives of `builds`; by build id, how each ended."""
        with writing(self._output):
            self._output.mkdir(parents=True, exist_ok=True)
        self._sweep()
        if catalogue.discard_torn(self._output / catalogue.NAME):
            self._reporter.note(
                "layers.json was cut short, and is written anew: "
                "builds that this run does not make are no longer in it"
            )
        self._dependencies.begin(builds)
        self._busy = {build.id for build in builds}
        self._checker.begin(builds)
        ahead = asyncio.create_task(self._ahead.of(builds))
        ended = await asyncio.gather(*(self._ended(build) for build in builds))
        ahead.cancel()
        results = {result.build.id: result for result in ended}
        await self._check_sets(results)
        self._write_catalogue(results)
        return results

    async def _ended(self, build: Build) -> BuildResult:
        """Make one build, and tell how it ended."""
        step = ("build", build.id)
        self._graph.within(step)
        made = None
        try:
            made = await self._make(build)
        except MisledError:
            raise  # all begins anew
        except NeedsDockerError as error:
            outcome = Outcome(**build.words, state=State.SKIPPED, error=error)
        except PylayerError as error:
            outcome = Outcome(**build.words, state=State.FAILED, error=error)
        except Exception as bug:  # noqa: BLE001  whatever it is, the other builds go on
            outcome = Outcome(**build.words, state=State.FAILED, error=self._error_of(bug, build))
        else:
            outcome = Outcome(
                **build.words,
                state=State.BUILT if made.fresh else State.CACHED,
                archive=made.archive.path,
                size=made.archive.size,
                unzipped_size=made.archive.unzipped_size,
                sha256=made.archive.sha256,
                wheels=len(made.wheels),
                notes=made.notes,
                warnings=made.warnings,
            )
        self._needs_no_engine(build)
        self._checker.failed(build)
        works = tuple(self._graph.works(step, apart=stepnames.serves_others))
        outcome = replace(outcome, seconds=activity.busy(works))
        self._reporter.outcome(outcome)
        found_made = outcome.state is State.CACHED
        stretches = () if found_made else self._graph.trail.of(build.id)
        return BuildResult(
            build=build,
            outcome=outcome,
            made=made,
            works=works,
            stretches=stretches,
            projects=stepnames.projects(self._graph.needed(step)),
        )

    def _error_of(self, bug: Exception, build: Build) -> PylayerError:
        """What is told of an exception that nobody expected: the machine is full, or pylayer is at fault."""
        if lacking := shortage.told(bug):
            return lacking
        # One of a shared step reaches several builds, and is told once.
        return self._bugs.setdefault(bug, UnexpectedError.of_bug(bug, where=build.id))

    def _needs_no_engine(self, build: Build) -> None:
        self._busy.discard(build.id)
        if not self._busy and self._resting is None:
            self._resting = asyncio.create_task(self._graph.wait(self._rest))

    async def _make(self, build: Build) -> BuiltArchive:
        contents = await self._dependencies.contents(build)
        built, others = contents.projects, contents.distributions
        everything = (*(project.wheel for project in built.values()), *others)
        makings = Recipe(
            target=build.target,
            wheels=everything,
            files=await self._files(build),
            drop=build.layer.drop,
            prefer=build.layer.prefer,
        )
        if not self._stored.lacks(makings.sha256s):  # else it is known what they give, or they come below
            await self._checker.of_makings(makings, build, compiled=False)
        # Beside the compiling, which is done by another process.
        looked_at = asyncio.ensure_future(self._looked_at(others))
        try:
            bytecode = await self._bytecode.bytecode(everything, build=build)
            repaired = await self._repairer.repaired(contents, build=build)
        finally:
            await looked_at  # what is wrong with a wheel says more than what came of it
        self._needs_no_engine(build)
        recipe = replace(
            makings,
            wheels=repaired.wheels,
            compiled=bytecode.files,
            only_bytecode=build.layer.bytecode == "only",
        )
        place = self._output / f"{build.id}.zip"
        assembled = await self._assembled(recipe, place, build)
        archive, fresh = assembled.archive, assembled.fresh
        if archive.path != place:
            fresh = await self._graph.compute(self._same_as, archive, place) or fresh
        finished = FinishedArchive(
            layer=build.layer.name, archive=replace(archive, path=place), wheels=repaired.wheels
        )
        problems = await self._checker.of_build(
            finished, build, local=built, left_out=contents.left_out, overrides=contents.overrides
        )
        ways = [*contents.warnings, *(project.note for project in built.values() if project.note)]
        return BuiltArchive(
            archive=finished.archive,
            fresh=fresh,
            wheels=everything,
            parts={
                **parts_of(build, contents, python=bytecode.python, files=recipe.files.contents),
                **repaired.parts,
            },
            notes=(
                *(*ways, *bytecode.notes, *repaired.notes, *assembled.notes),
                *(f"warning: {problem}" for problem in problems),
            )
            if fresh
            else (),
            warnings=(*contents.warnings, *bytecode.notes, *problems),
        )

    async def _assembled(self, recipe: Recipe, place: Path, build: Build) -> Assembled:
        """The archive of a recipe, written unless it is there, or need not be; raises CheckError."""
        if self._stored.lacks(recipe.sha256s):
            if self._unwritten(build) and (known := recipes.recorded(recipe, place, store=self._store)):
                return Assembled(archive=known, fresh=False)
            if known := await self._graph.compute(recipes.kept, recipe, place, store=self._store):
                return Assembled(archive=known, fresh=False)
            await self._stored.have(recipe.sha256s)
        await self._checker.of_makings(recipe, build, compiled=True)
        if self._unwritten(build) and (known := recipes.recorded(recipe, place, store=self._store)):
            return Assembled(archive=known, fresh=False)
        return await self._graph.once(
            ("archive", recipe.key),
            lambda: self._graph.compute(assemble, recipe, place, store=self._store),
        )

    def _unwritten(self, build: Build) -> bool:
        """Whether nothing needs the archive of a build but whoever publishes or uses it later."""
        return self._listing and not build.layer.verify and not self._workspace.manifest.provenance.write

    async def _looked_at(self, wheels: Sequence[Wheel]) -> None:
        """Have wheels that were not built here checked; raises as `soundness.ensure`."""
        if self._stored.lazy:
            await self._stored.of_wheels(
                wheel for wheel in wheels if not soundness.is_known(wheel, store=self._store)
            )
        await together([soundness.ensure(wheel, graph=self._graph, store=self._store) for wheel in wheels])

    async def _files(self, build: Build) -> Additions:
        """The layer's extra files for the build's architecture."""
        architecture, root = build.target.architecture, self._workspace.manifest.root
        return await self._graph.once(
            ("files", build.layer.name, architecture),
            lambda: self._graph.compute(
                pack, build.layer.files, architecture=architecture, root=root, store=self._store
            ),
        )

    async def _check_sets(self, results: dict[str, BuildResult]) -> None:
        """Check layers that are used together; of a set that does not fit, all builds have failed."""
        good = [result.build for result in results.values() if result.made]
        async for builds, warnings, error in self._checker.of_sets(good):
            for fault in warnings:
                self._reporter.warn(fault)
                for build in builds:
                    results[build.id] = results[build.id].warned(fault.told)
            if not error:
                continue
            for build in builds:
                results[build.id] = results[build.id].failed(error)
                self._reporter.outcome(results[build.id].outcome)

    def _same_as(self, archive: Archive, place: Path) -> bool:
        """Make `place` the same file as an archive of the same content; whether it was not."""
        with writing(place):
            if place.is_file() and (
                place.samefile(archive.path)
                or (place.stat().st_size == archive.size and hash_file(place) == archive.sha256)
            ):
                return False
            with unfinished.becoming(place) as temporary:
                try:
                    os.link(archive.path, temporary)
                except OSError:
                    shutil.copyfile(archive.path, temporary)
        return True

    def _sweep(self) -> None:
        """Remove what killed runs left, wherever this one writes."""
        folders.sweep()
        for folder in (self._output, self._workspace.manifest.root):
            unfinished.sweep(folder)

    def _write_catalogue(self, results: Mapping[str, BuildResult]) -> None:
        """Bring layers.json up to date, and remove the archives of builds that the manifest no longer has."""
        path = self._output / catalogue.NAME
        known = {build.id for build in self._workspace.builds}
        entries = {name: _entry(result.build, result.made) for name, result in results.items() if result.made}
        with alone(self._output):
            before = catalogue.read(path)  # another run may have written it meanwhile
            gone = before.builds.keys() - known
            catalogue.write(path, before.merged(entries, without={*gone, *results}))
        for identifier in gone:
            with suppress(OSError):
                (self._output / before.builds[identifier].path).unlink()


def _entry(build: Build, made: BuiltArchive) -> catalogue.CatalogueEntry:
    distributions = [
        catalogue.Distribution(name=wheel.metadata.name, version=wheel.metadata.version, sha256=wheel.sha256)
        for wheel in made.wheels
    ]
    return catalogue.CatalogueEntry(
        layer=build.layer.name,
        runtime=build.target.runtime.name,
        architecture=build.target.architecture.value,
        path=made.archive.path.name,
        sha256=made.archive.sha256,
        code_sha256=made.archive.code_sha256,
        size=made.archive.size,
        unzipped_size=made.archive.unzipped_size,
        distributions=tuple(sorted(distributions, key=lambda distribution: distribution.name)),
    )


def parts_of(build: Build, contents: BuildContents, *, python: str, files: Mapping[str, str]) -> Parts:
    """Everything that can change a byte of a build's archive, for `pylayer why`."""
    return {
        **asked_for(build.layer),
        "bytecode compiled by": python,
        "projects": {name: project.parts for name, project in contents.projects.items()},
        "distributions": {
            wheel.metadata.name: f"{wheel.metadata.version} {wheel.sha256}"
            for wheel in contents.distributions
        },
        "left out": dict(contents.left_out),
        "files": dict(files),
    }


def asked_for(layer: Layer) -> Parts:
    """What layers.toml itself says of a layer that can change a byte of it."""
    return {
        "format": recipes.FORMAT,
        "packages": list(layer.projects),
        "requirements": list(layer.requirements),
        "extras": list(layer.extras),
        "exclude": list(layer.exclude),
        "build from source": list(layer.build_from_source),
        "bytecode": layer.bytecode,
        "drop": list(layer.drop),
        "prefer": dict(layer.prefer),
        "strip": layer.strip,
        "repair": layer.repair,
    }
