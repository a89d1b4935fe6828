"""Archives that stand in the output folder → each of them tried, and those of `[sets]` together."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from pylayer import activity, recordfile, wheels
from pylayer.archives import catalogue
from pylayer.archives.likeness import declares_namespace
from pylayer.dataclassing import dataclass
from pylayer.engines import choose
from pylayer.engines.smoke import SmokeTest
from pylayer.errors import CheckError, NeedsDockerError, PylayerError
from pylayer.index import download
from pylayer.locks.sourcing import settings_of
from pylayer.names import normalise
from pylayer.problems import leave_out
from pylayer.resolver import resolve
from pylayer.resolver.requirements import Request, ResolverPython
from pylayer.state import imports, verifications
from pylayer.verification import verify
from pylayer.verification.testers import PlacedTester
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.archives.catalogue import Catalogue, CatalogueEntry
    from pylayer.config.layers import Build
    from pylayer.engines.smoke import SmokeTester
    from pylayer.index.indexes import IndexSettings
    from pylayer.monorepo.workspace import Workspace
    from pylayer.outcomes import Reporter
    from pylayer.pipeline import BuildResult
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.verification.verify import Verdict
    from pylayer.wheels import Wheel


def judged(
    found: Workspace,
    made: Mapping[str, BuildResult],
    *,
    engine: str,
    jobs: int = 0,
    store: Store,
    reporter: Reporter,
    offline: bool = False,
) -> dict[str, BuildResult]:
    """The results of a run's builds: one that was to be verified and does not work has failed.

    It loses its entry in layers.json, so that it is not published. Raises EngineError.
    """
    results = dict(made)
    wanted = [
        result.build for result in results.values() if result.outcome.good and result.build.layer.verify
    ]
    if not wanted:
        return results
    ends = tried(found, wanted, engine=engine, jobs=jobs, store=store, note=reporter.note, offline=offline)
    with closing(ends):
        for planned, end in ends:
            name = planned.smoke_test.name
            if isinstance(end, NeedsDockerError):
                reporter.note(f"{name} is not verified: {end}")
                for build in planned.builds:
                    results[build.id] = replace(results[build.id], tried=False)
            elif isinstance(end, PylayerError):
                for build in planned.builds:
                    results[build.id] = results[build.id].failed(end)
                    reporter.outcome(results[build.id].outcome)
            else:
                reporter.note(f"{name} was verified: {len(end.imports)} imports" + _handled(end))
    if failed := [build.id for build in wanted if not results[build.id].outcome.good]:
        listing = found.manifest.output / catalogue.NAME
        catalogue.write(listing, catalogue.read(listing).merged({}, without=failed))
    return results


def tried(
    found: Workspace,
    builds: Sequence[Build],
    *,
    engine: str,
    store: Store,
    note: Callable[[str], None],
    again: bool = False,
    jobs: int = 0,
    offline: bool = False,
) -> Generator[tuple[Planned, Verdict | PylayerError], None, None]:
    """Try the archives of `builds` and the sets that are made of them; the end of each, in their order.

    At once are tried half as many as `jobs` (0: as processors): what is timed should not wait for the others.
    Raises EngineError where there is no engine at all.
    """
    entries = catalogue.read(found.manifest.output / catalogue.NAME)
    smoke_tests = list(Planner(found, entries, store=store).smoke_tests(builds))
    tester = PlacedTester(
        found.manifest.chosen_engine(engine),
        connect=lambda place: choose.connect(place, store=store),
        note=note,
    )
    tester.open()
    client = Client(settings_of(found, offline=offline), store=store)
    runner = Runner(tester, store=store, client=client, again=again)
    pool = ThreadPoolExecutor(max(1, (jobs or os.cpu_count() or 1) // 2))
    try:
        ends = [pool.submit(activity.carried(runner.run), planned) for planned in smoke_tests]
        for planned, end in zip(smoke_tests, ends, strict=True):
            yield planned, end.result()
    finally:
        # What is still being tried ends with the tester: who interrupts does not wait for a handler.
        pool.shutdown(wait=False, cancel_futures=True)
        tester.close()
        pool.shutdown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A SmokeTest, the builds that it is of, the sha256s (hex) of their archives, and what is accepted."""

    smoke_test: SmokeTest
    builds: tuple[Build, ...]
    archives: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()


class Planner:
    """What is tried of a workspace, whose archives are in a Catalogue."""

    def __init__(self, found: Workspace, entries: Catalogue, *, store: Store) -> None:
        self._found = found
        self._entries = entries.builds
        self._store = store
        self._builds = {build.id: build for build in found.builds}

    def smoke_tests(self, selected: Sequence[Build]) -> Iterator[Planned]:
        """One for each build, and one for each set and target of which all builds are selected."""
        for build in selected:
            layer = build.layer
            yield Planned(
                smoke_test=SmokeTest(
                    name=build.id,
                    target=build.target,
                    archives=self._archives(build),
                    modules=self._modules(build),
                    invoke=layer.invoke,
                ),
                builds=(build,),
                archives=(self._entries[build.id].sha256,),
                accepted=layer.accept,
            )
        yield from self._together({build.id: build for build in selected})

    def _together(self, selected: Mapping[str, Build]) -> Iterator[Planned]:
        for together in self._found.manifest.sets:
            for target in dict.fromkeys(build.target for build in selected.values()):
                members = [selected.get(f"{name}-{target}") for name in together.layers]
                builds = [build for build in members if build]
                if len(builds) < len(members):
                    continue
                smoke_test = SmokeTest(
                    name=f"{together.name}-{target}",
                    target=target,
                    archives=tuple(self._path(build) for build in builds),
                    modules=tuple(sorted({name for build in builds for name in self._modules(build)})),
                )
                accepted = tuple(pattern for build in builds for pattern in build.layer.accept)
                archives = tuple(self._entries[build.id].sha256 for build in builds)
                yield Planned(
                    smoke_test=smoke_test, builds=tuple(builds), archives=archives, accepted=accepted
                )

    def _archives(self, build: Build) -> tuple[Path, ...]:
        """Those of the layers that give some of what it needs, and its own over them."""
        archives: dict[Path, None] = {}
        for name in build.layer.provided_by:
            giver = self._builds.get(f"{name}-{build.target}")
            if giver and giver.id in self._entries:
                archives |= dict.fromkeys(self._archives(giver))
        archives[self._path(build)] = None
        return tuple(archives)

    def _path(self, build: Build) -> Path:
        return self._found.manifest.output / self._entries[build.id].path

    def _modules(self, build: Build) -> tuple[str, ...]:
        """What stands at the top of the projects in it, if the archive has it, and what is asked for."""
        with Zip(self._path(build)) as file:
            contents = [member.name for member in file.members]
            projects = list(self._members(self._entries[build.id], file))
            namespaces: set[str] = set()
            while True:
                own = (verify.modules(names, namespaces=namespaces) for names in projects)
                tops = {module for each in own for module in each}
                if not (more := _namespaces(tops, file)):
                    break
                namespaces |= more
        paths = {module: f"python/{module.replace('.', '/')}" for module in tops}
        # What `drop` took is no module of the layer any more.
        found = {module for module, path in paths.items() if any(_is_at(name, path) for name in contents)}
        return tuple(sorted({*found, *build.layer.imports}))

    def _members(self, entry: CatalogueEntry, archive: Zip) -> Iterator[list[str]]:
        """For each project in an archive, the members of its wheel; by RECORD where that is not kept."""
        for distribution in entry.distributions:
            if distribution.name not in self._found.projects:
                continue
            if path := self._store.blob(distribution.sha256):
                with Zip(path) as file:
                    yield [member.name for member in file.members]
                continue
            for member in archive.members:
                folder, _, name = member.name.removeprefix("python/").rpartition("/")
                if (
                    name == "RECORD"
                    and normalise(folder.rpartition(".")[0].partition("-")[0]) == distribution.name
                ):
                    yield [row[0] for row in recordfile.rows(archive.content(member))]


class Client:
    """Gives AWS's runtime interface client for a target, from the indexes; each once."""

    def __init__(self, resolver: IndexSettings, *, store: Store) -> None:
        self._settings = resolver
        self._store = store
        self._lock = Lock()
        self._known: dict[Target, tuple[Wheel, ...]] = {}

    def __call__(self, target: Target) -> tuple[Wheel, ...]:
        """Resolve and fetch its wheels; raises ResolveError or DownloadError."""
        with self._lock:
            if target not in self._known:
                request = Request(requirements=(verify.CLIENT,))
                pins = resolve.resolve(
                    request, python=ResolverPython.of_target(target), settings=self._settings
                )
                paths = download.fetch(pins, store=self._store, settings=self._settings)
                self._known[target] = tuple(
                    wheels.read(path, filename=pin.filename, sha256=pin.sha256)
                    for path, pin in zip(paths, pins, strict=True)
                )
            return self._known[target]


class Runner:
    """Runs what is planned on a tester."""

    def __init__(self, tester: SmokeTester, *, store: Store, client: Client, again: bool) -> None:
        self._tester = tester
        self._store = store
        self._client = client
        self._again = again

    def run(self, planned: Planned) -> Verdict | PylayerError:
        """Run one; what of it fails is an error, not raised."""
        try:
            with activity.piece(("verify", planned.smoke_test.name)):
                verdict = verify.verify(
                    planned.smoke_test,
                    tester=self._tester,
                    store=self._store,
                    client=self._client,
                    again=self._again,
                )
        except PylayerError as error:
            return error
        name = planned.smoke_test.name
        if not planned.archives[1:] and verdict.timed:
            self._remember(name, planned.archives[0], verdict)
        problems = leave_out(verify.problems(verdict), planned.accepted)
        faults = [problem.fault(name) for problem in problems]
        verification = verifications.Verification(
            works=not faults,
            python=verdict.python,
            modules=len(verdict.imports),
            handler=verdict.invoked.handler if verdict.invoked else "",
            told=tuple(f"{problem.where}: {problem.what} [{problem.kind}]" for problem in problems)
            or verdict.notes,
        )
        verifications.remember(self._store, name, planned.archives, verification)
        return CheckError.of(faults, log=verify.log(verdict)) if faults else verdict

    def _remember(self, name: str, sha256: str, verdict: Verdict) -> None:
        measured = [
            imports.Import(module=imported.module, seconds=imported.seconds, packages=imported.packages)
            for imported in verdict.imports
            if imported.seconds is not None and not imported.error
        ]
        imports.remember(self._store, name, sha256, measured)


def _handled(verdict: Verdict) -> str:
    return f", {verdict.invoked.handler} answered" if verdict.invoked else ""


def _namespaces(modules: Collection[str], archive: Zip) -> set[str]:
    """Those of some modules in an archive that do nothing but declare a namespace, as before PEP 420."""
    paths = {f"python/{module.replace('.', '/')}/__init__.py": module for module in modules}
    return {
        paths[member.name]
        for member in archive.members
        if member.name in paths and declares_namespace(archive.content(member))
    }


def _is_at(name: str, path: str) -> bool:
    return name.startswith(path) and name[len(path) : len(path) + 1] in {"/", "."}
