"""A workspace's layers.json, its archives and what the store keeps of runs → a Statement."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from pylayer import selection
from pylayer.archives import catalogue
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, PylayerError, StoreError, UsageError
from pylayer.outcomes import State
from pylayer.report.comparing import Comparison, compare
from pylayer.report.weighing import Weights, recall, weigh
from pylayer.state import endings, imports, lastrun, verifications, warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.archives.catalogue import Catalogue, CatalogueEntry
    from pylayer.config.budgets import LayerSet
    from pylayer.state.imports import Import
    from pylayer.state.lastrun import LastRun
    from pylayer.state.opening import WorkspaceState
    from pylayer.state.verifications import Verification
    from pylayer.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedBuild:
    """A build: its entry in layers.json, and what its archive is made of.

    `warnings` are what was found in it when it was checked; None where it was not checked here. `verified`
    is None where nobody tried it.
    """

    build: str
    entry: CatalogueEntry
    weights: Weights
    warnings: tuple[str, ...] | None = None
    verified: Verification | None = None

    @property
    def target(self) -> str:
        """Runtime and architecture, as words."""
        return f"{self.entry.runtime} {self.entry.architecture}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedSet:
    """Layers that are used together on one target, in their order; `limit` is of unzipped bytes of all."""

    name: str
    target: str
    builds: tuple[WeighedBuild, ...]
    limit: int
    verified: Verification | None = None

    @property
    def size(self) -> int:
        """The bytes of all its zips."""
        return sum(build.entry.size for build in self.builds)

    @property
    def unzipped_size(self) -> int:
        """The bytes that all of it unpacks to."""
        return sum(build.entry.unzipped_size for build in self.builds)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildProblem:
    """A build that failed or was skipped when something was last done for it, and why."""

    build: str
    layer: str
    state: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a report tells, `title` being the workspace's name.

    `imports` are by build id; a build that nobody verified has none. `comparison` and `last_run` are None
    where nothing is known. `missing` are builds that nobody made yet.
    """

    title: str
    builds: tuple[WeighedBuild, ...]
    sets: tuple[WeighedSet, ...] = ()
    problems: tuple[BuildProblem, ...] = ()
    missing: tuple[str, ...] = ()
    imports: Mapping[str, tuple[Import, ...]] = field(default_factory=dict)
    comparison: Comparison | None = None
    last_run: LastRun | None = None

    @property
    def layers(self) -> dict[str, list[WeighedBuild]]:
        """The builds of each layer, the heaviest layer (unpacked) and in it the heaviest build first."""
        found: dict[str, list[WeighedBuild]] = {}
        for build in sorted(self.builds, key=lambda build: (-build.entry.unzipped_size, build.build)):
            found.setdefault(build.entry.layer, []).append(build)
        return found


def warned(builds: Sequence[WeighedBuild]) -> dict[str, list[str]]:
    """What several builds were warned of, each once, with the targets that it is about."""
    found: dict[str, list[str]] = {}
    for one in builds:
        for text in one.warnings or ():
            found.setdefault(text, []).append(one.target)
    return found


def gather(
    output: Path,
    *,
    title: str,
    state: WorkspaceState,
    declared: Mapping[str, str] | None = None,
    sets: Sequence[LayerSet] = (),
    only: Sequence[str] = (),
    against: Path | None = None,
) -> Report:
    """Read the builds in the folder `output` that `only` chooses (all without any).

    `state` knows of the last run, and `declared` are all builds that there are to be, with their layers.
    They are compared with the layers.json at `against`, else with what that run replaced. Raises StoreError
    listing every archive that is not what layers.json says, UsageError where a glob matches nothing or there
    is nothing to compare with.
    """
    store = state.store
    path = output / catalogue.NAME
    now = catalogue.read(path)
    if not now.builds:
        raise StoreError("names no archives", where=str(path), hint="build the layers first")
    chosen = _chosen(now, only)
    weights = _weighed(chosen, output, store)
    builds = {
        name: WeighedBuild(
            build=name,
            entry=entry,
            weights=weights[name],
            warnings=warnings.recall(store, name, entry.sha256),
            verified=verifications.recall(store, name, [entry.sha256]),
        )
        for name, entry in chosen.items()
    }
    wanted = _only_of(declared or now.layers, only)
    problems = tuple(_problems(wanted, state))
    there = {*now.builds, *(problem.build for problem in problems)}
    run = lastrun.load(state)
    if run and only:
        run = replace(run, builds=tuple(ended for ended in run.builds if ended.build in {*wanted, *chosen}))
    return Report(
        title=title,
        builds=tuple(builds.values()),
        sets=tuple(_sets(sets, builds, store)),
        problems=problems,
        missing=tuple(name for name in wanted if name not in there),
        imports={
            name: found
            for name, entry in chosen.items()
            if (found := imports.recall(store, name, entry.sha256)) is not None
        },
        comparison=_comparison(now, weights, only=only, against=against, state=state),
        last_run=run,
    )


def _problems(builds: Mapping[str, str], state: WorkspaceState) -> Iterator[BuildProblem]:
    for name, layer in builds.items():
        ending = endings.recall(state, name)
        if ending and ending.state in (State.FAILED, State.SKIPPED):
            yield BuildProblem(build=name, layer=layer, state=ending.state.value, told=ending.told)


def _sets(sets: Sequence[LayerSet], builds: Mapping[str, WeighedBuild], store: Store) -> Iterator[WeighedSet]:
    """The sets of which all layers are there, for each target; the heaviest first."""
    found = []
    for one in sets:
        for target in {(build.entry.runtime, build.entry.architecture): None for build in builds.values()}:
            members = [builds.get("-".join((name, *target))) for name in one.layers]
            there = tuple(member for member in members if member)
            if len(there) < len(members):
                continue
            archives = [member.entry.sha256 for member in there]
            found.append(
                WeighedSet(
                    name=one.name,
                    target=" ".join(target),
                    builds=there,
                    limit=one.budget,
                    verified=verifications.recall(store, "-".join((one.name, *target)), archives),
                )
            )
    yield from sorted(found, key=lambda each: (-each.unzipped_size, each.name, each.target))


def _only_of(builds: Mapping[str, str], only: Sequence[str]) -> dict[str, str]:
    """Those of some builds, with their layers, that `only` chooses."""
    names = set().union(*(selection.matching(pattern, builds) for pattern in only)) if only else builds
    return {name: builds[name] for name in sorted(names)}


def _chosen(found: Catalogue, only: Sequence[str]) -> dict[str, CatalogueEntry]:
    wanted = selection.chosen(only, found.layers)
    return {name: found.builds[name] for name in sorted(wanted)}


def _weighed(chosen: Mapping[str, CatalogueEntry], folder: Path, store: Store) -> dict[str, Weights]:
    found: dict[str, Weights] = {}
    faults: list[Fault] = []
    for name, entry in chosen.items():
        try:
            found[name] = weigh(folder / entry.path, entry, store=store)
        except PylayerError as error:
            faults += error.faults
    if faults:
        raise StoreError.of(faults)
    return found


def _comparison(
    now: Catalogue,
    weights: Mapping[str, Weights],
    *,
    only: Sequence[str],
    against: Path | None,
    state: WorkspaceState,
) -> Comparison | None:
    folder = None
    if against:
        file = against / catalogue.NAME if against.is_dir() else against
        if not file.is_file():
            raise UsageError("there is no such file", where=f"--against {against}")
        folder, words = file.parent, str(against)
        before: Catalogue | None = catalogue.read(file)
    else:
        before, words = lastrun.replaced(state), "the previous build"
    if before is None:
        return None

    def weigh_before(_: str, entry: CatalogueEntry) -> Weights | None:
        if folder:
            try:
                return weigh(folder / entry.path, entry, store=state.store)
            except PylayerError:
                pass  # its archive is no longer beside it
        return recall(entry.sha256, store=state.store)

    return compare(
        _only(before, only),
        _only(now, only),
        against=words,
        weigh_before=weigh_before,
        weigh_after=lambda name, _: weights.get(name),
    )


def _only(found: Catalogue, only: Sequence[str]) -> Catalogue:
    """What `only` chooses of a layers.json, which may have none of it."""
    builds = found.layers
    wanted = _only_of(builds, only)
    return found.merged({}, without=[name for name in builds if name not in wanted])
