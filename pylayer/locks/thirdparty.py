"""Requirements → wheels: as the lock says, else as the resolver finds, which the lock then keeps.

A layer's builds are resolved together, those of one runtime for the same versions: each prefers the versions
of those before it, and where architectures still differ, both are asked again for the lower version. Where
the layer wants the fewest versions, a runtime prefers those of the older ones too.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pylayer.building.dependencies import Wanted
from pylayer.dataclassing import dataclass
from pylayer.errors import CheckError, PylayerError, ResolveError
from pylayer.graph import together
from pylayer.index import gits
from pylayer.index.indexes import display
from pylayer.keys import changes
from pylayer.locks.lock import Locked, Terms, differences, stale
from pylayer.locks.lockresolver import Case, wrong_hash
from pylayer.locks.outsized import outsized
from pylayer.locks.pinning import LockfilePins, other_versions, overrides
from pylayer.locks.provenances import written
from pylayer.locks.sharing import (
    EnvironmentName,
    are_for_any_platform,
    builder_platform,
    builder_python,
    serves_every_machine,
    serves_python,
)
from pylayer.names import normalise, required_name
from pylayer.resolver.requirements import ResolverPython
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pylayer.building.context import RunContext
    from pylayer.building.hosts import BuildHost
    from pylayer.config.layers import Build
    from pylayer.index.pins import Pin
    from pylayer.locks.fetcher import Fetcher
    from pylayer.locks.lock import Lock
    from pylayer.locks.lockresolver import LockResolver
    from pylayer.locks.provenances import Provenances, Whereabouts
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a run may do: with `locked`, nothing to the lock but read it; with `dry`, build nothing.

    `upgrade` are names whose versions may move; `upgrade_all` moves every one.
    """

    locked: bool = False
    dry: bool = False
    upgrade: frozenset[str] = frozenset()
    upgrade_all: bool = False

    def moves(self, name: str) -> bool:
        """Whether a distribution is to be chosen anew."""
        return self.upgrade_all or name in self.upgrade


class ThirdParty:
    """Third-party wheels for builds and for their build environments, each resolved and fetched once.

    `settings` are those that decide a resolution, as the lock keeps them. `replaced` are names of the lock's
    environments in whose place `environments` has what they came to. With a `locked` policy, nothing is
    resolved: what the lock does not answer is a LockError.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        lock: Lock,
        settings: Mapping[str, Any],
        policy: Policy,
        fetcher: Fetcher,
        provenances: Provenances,
        resolver: LockResolver,
    ) -> None:
        self._workspace = context.workspace
        self._graph = context.graph
        self._store = context.store
        self._before = lock
        ours = {build.id for build in context.workspace.builds} if lock.builds else set()
        self._gone = {name: locked for name, locked in lock.builds.items() if name not in ours}
        self._policy = policy
        self._fetcher = fetcher
        self._resolver = resolver
        self._pinning = LockfilePins(context.workspace)
        self._provenances = provenances
        self._moved = tuple(changes(dict(lock.settings), dict(settings), name="settings"))
        self.builds: dict[str, Locked] = {}
        self.environments: dict[str, Locked] = {}
        self.replaced: set[str] = set()
        self._beside: list[asyncio.Future[None]] = []

    async def wheels(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...] | PylayerError]:
        """By build id, the third-party wheels of one layer's builds, or why there are none."""
        found, located = await self._found(wanted)
        self.builds |= {name: one for name, one in found.items() if isinstance(one, Locked)}
        return await self._all_had(wanted, found, located)

    async def likely(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...]]:
        """See `pylayer.building.dependencies.Distributions`: the resolver's answers serve `wheels` too."""
        if self._policy.locked or any(want.build.layer.build_from_source for want in wanted):
            return {}
        found, located = await self._found(wanted, ahead=True)
        wheels = await self._all_had(wanted, found, located)
        return {name: had for name, had in wheels.items() if not isinstance(had, PylayerError)}

    async def _found(
        self, wanted: Sequence[Wanted], *, ahead: bool = False
    ) -> tuple[dict[str, Locked | PylayerError], dict[str, Mapping[str, str]]]:
        """By build id, what the lock has or the resolver finds, and where distributions are to come from."""
        found: dict[str, Locked | PylayerError] = {}
        unknown: list[tuple[Wanted, Case]] = []
        located: dict[str, Mapping[str, str]] = {}
        for want in wanted:
            name, before = want.build.id, self._before.builds.get(want.build.id)
            try:
                case = replace(self._case(want, before or self._predecessor(want)), ahead=ahead)
            except PylayerError as error:
                found[name] = error
                continue
            located[name] = case.whereabouts.located
            if not want.requirements:
                found[name] = Locked(terms=case.terms)
            elif not (reasons := list(self._reasons(before, case, given=want.given))):
                assert before is not None
                found[name] = before
            elif self._policy.locked:
                found[name] = stale({name: reasons})
            else:
                unknown.append((want, case))
        resolved = await self._resolved(unknown)
        for want, _ in unknown:
            one = resolved[want.build.id]
            found[want.build.id] = self._explained(one, want.build) if isinstance(one, ResolveError) else one
        return found, located

    def locked(self, build: Build) -> Sequence[str] | None:
        """See `pylayer.building.dependencies.Distributions`."""
        before = self._before.builds.get(build.id)
        if before is None:  # what needs nothing is not written down
            return () if self._before.builds or self._before.environments else None
        return tuple(pin.sha256 for pin in before.pins if pin.is_wheel)

    def overrides(self, build: Build) -> Sequence[str]:
        """See `pylayer.building.dependencies.Distributions`."""
        found = self.builds.get(build.id)
        return found.terms.overrides if found else ()

    async def expected(self, build: Build) -> tuple[Wheel, ...]:
        """See `pylayer.building.dependencies.Distributions`: as if a build required what it did."""
        before = self._before.builds.get(build.id)
        if before is None:
            return ()
        terms = before.terms
        case = self._case(Wanted(build=build, requirements=terms.requirements, extras=terms.extras), before)
        if any(self._reasons(before, case, given={})):
            return ()
        wheels = replace(before, pins=tuple(pin for pin in before.pins if pin.is_wheel))
        return await self._fetched(wheels, case)

    async def environment(
        self, requirements: Sequence[str], *, target: Target, host: BuildHost
    ) -> tuple[Wheel, ...]:
        """The wheels of build requirements, and of all they need, for the interpreter of `host`."""
        if not requirements:
            return ()
        place_of = self._provenances.of(target, {})
        wanted = tuple(sorted(self._located(text, place_of) for text in requirements))
        builder = builder_python(target, host.interpreter)
        name = EnvironmentName(
            python=target.runtime.name, wanted=", ".join(wanted), platform=builder.platform
        )
        case = Case(
            terms=Terms(requirements=wanted),
            python=builder.python,
            target=target,
            whereabouts=place_of,
            building=True,
        )
        return await self._graph.once(("environment", name), lambda: self._environment(name, case))

    async def settled(self) -> None:
        """Have all in `environments` that this run found out for other machines."""
        await together([*self._beside])

    async def _environment(self, name: EnvironmentName, case: Case) -> tuple[Wheel, ...]:
        """The wheels that the lock has for this machine, else for every machine, else new ones."""
        shared = replace(name, platform="")
        entries = self._before.environments
        called = next((each for each in map(str, (name, shared)) if each in entries), "")
        before = entries.get(called)
        if before is None and (found := await self._of_another_python(shared, case)):
            return found
        locked = before
        if locked is None or (reasons := list(self._reasons(before, case, given={}))):
            if self._policy.locked:
                told = called or str(name if _on_other_platforms(name, entries) else shared)
                raise stale({told: ["is not in the lock"] if before is None else reasons})
            locked = await self._resolver.solved(
                replace(case, preferences=self._kept(before), commits=self._commits(before, case.terms))
            )
        found = await self._fetched(locked, case)
        new = locked is not before
        if called:
            self.replaced.add(called)
        if not (
            are_for_any_platform(pin.filename for pin in locked.pins)
            and serves_every_machine(case.terms.requirements, found, minor=name.minor)
        ):
            self.environments[str(name)] = locked
            if new:  # nothing in this run waits for it
                other = partial(self._for_the_other_architecture, name, case, locked)
                step = self._graph.once(("environment elsewhere", name), other)
                self._beside.append(asyncio.ensure_future(step))
            return found
        # Two machines of one run, a container beside another, have the same.
        first = self.environments.setdefault(str(shared), locked)
        return found if first == locked else await self._fetched(first, case)

    async def _for_the_other_architecture(self, name: EnvironmentName, case: Case, locked: Locked) -> None:
        """Lock beside a new entry what a machine of Lambda's other architecture takes, so that it need not.

        Where there is nothing for it, or only what would have to be built, that machine is to see to it.
        """
        both = {builder_platform(each): each for each in _of_both_architectures(case.target)}
        if both.pop(name.platform, None) is None or not all(pin.is_wheel for pin in locked.pins):
            return
        ((platform, target),) = both.items()
        beside = str(replace(name, platform=platform))
        before = self._before.environments.get(beside)
        if before and not list(self._reasons(before, case, given={})):
            return
        other = replace(
            case, python=ResolverPython.of_target(target), target=target, preferences=locked.versions
        )
        if isinstance(found := await self._attempt(other), Locked):
            self.environments.setdefault(beside, found)

    async def _of_another_python(self, name: EnvironmentName, case: Case) -> tuple[Wheel, ...]:
        """The wheels that the lock has for the same requirements of another runtime, where they serve both.

        A host that has not all the runtimes' Pythons builds with another one than is locked for.
        """
        declared = {build.target.runtime.name: build.target.runtime for build in self._workspace.builds}
        for text, locked in sorted(self._before.environments.items()):
            other = EnvironmentName.read(text)
            if other is None or other == name or (other.wanted, other.platform) != (name.wanted, ""):
                continue
            runtime = declared.get(other.python)
            if runtime is None or list(self._reasons(locked, case, given={})):
                continue
            python = ResolverPython.of_target(replace(case.target, runtime=runtime))
            found = await self._fetched(locked, replace(case, python=python))
            if serves_python(case.terms.requirements, found, minor=name.minor, of=other.minor):
                self.environments[text] = locked
                return found
        return ()

    async def _fetched(self, locked: Locked, case: Case) -> tuple[Wheel, ...]:
        return await self._fetcher.wheels(
            locked, python=case.python, target=case.target, located=case.whereabouts.located
        )

    def _case(self, want: Wanted, before: Locked | None) -> Case:
        layer = want.build.layer
        # Other extras change nothing that is known here: they make no entry stale.
        extras = tuple(sorted(self._provenances.deciding.intersection(want.extras)))
        pinned = self._pinning.of(want.build)
        held = self._provenances.narrowed(pinned, want.build.target, extras=extras)
        whereabouts = self._provenances.of(want.build.target, held, extras=extras)
        requirements = {self._located(text, whereabouts) for text in want.requirements}
        terms = Terms(
            requirements=tuple(sorted(requirements)),
            exclude=tuple(sorted(layer.exclude)),
            build_from_source=tuple(sorted(layer.build_from_source)),
            fork_strategy="fewest" if layer.fork_strategy == "fewest" else "",
            extras=extras,
            overrides=overrides(held),
        )
        return Case(
            terms=terms,
            python=ResolverPython.of_target(want.build.target),
            target=want.build.target,
            held=held,
            whereabouts=whereabouts,
            commits=self._commits(before, terms),
        )

    def _reasons(self, before: Locked | None, case: Case, *, given: Mapping[str, str]) -> Iterator[str]:
        """Why an entry of the lock does not stand; nothing where it does."""
        yield from differences(before, case.terms)
        if before is None:
            return
        if self._moved or before.stale:
            yield from self._moved or ["settings changed since it was resolved"]
        for pin in before.pins:
            if self._policy.moves(pin.name):
                yield f"{pin.name} is to be upgraded"
            if pin.name in self._workspace.projects:
                yield f"{pin.name} is a project of the monorepo"
            yield from other_versions(pin, case.held)
            yield from wrong_hash(pin, case.whereabouts)
            yield from _misplaced(pin, case)
            if given.get(pin.name, pin.version) != pin.version:
                yield f"{pin.name} {pin.version}: the layer that provides it has {given[pin.name]}"

    def _kept(self, before: Locked | None) -> dict[str, str]:
        """The versions of an entry that are to stay where they can."""
        versions = before.versions if before else {}
        return {name: version for name, version in versions.items() if not self._policy.moves(name)}

    def _commits(self, before: Locked | None, terms: Terms) -> dict[str, str]:
        """The commits at which sources from git were locked, and stay while their address does.

        What only others require has its address in the settings alone.
        """
        if before is None:
            return {}
        was, now = _addresses(before.terms), _addresses(terms)
        found = {
            pin.name: gits.commit_of(pin)
            for pin in before.pins
            if not self._policy.moves(pin.name) and was.get(pin.name) == now.get(pin.name)
            if pin.name in now or not self._moved
        }
        return {name: commit for name, commit in found.items() if commit}

    async def _all_had(
        self,
        wanted: Sequence[Wanted],
        found: Mapping[str, Locked | PylayerError],
        located: Mapping[str, Mapping[str, str]],
    ) -> dict[str, tuple[Wheel, ...] | PylayerError]:
        return {
            want.build.id: await self._had(want, found[want.build.id], located.get(want.build.id, {}))
            for want in wanted
        }

    async def _had(
        self, want: Wanted, locked: Locked | PylayerError, located: Mapping[str, str]
    ) -> tuple[Wheel, ...] | PylayerError:
        if isinstance(locked, PylayerError):
            return locked
        build, target = want.build, want.build.target

        def fits() -> None:
            if problems := outsized(locked.pins, build.layer, store=self._store):
                raise CheckError.of(problem.fault(build.id) for problem in problems)

        try:
            return await self._fetcher.wheels(
                locked,
                python=ResolverPython.of_target(target),
                target=target,
                located=located,
                before=fits,
            )
        except PylayerError as error:
            return error

    async def _resolved(self, unknown: Sequence[tuple[Wanted, Case]]) -> dict[str, Locked | PylayerError]:
        """Resolve the builds of one layer, for the same versions as far as that is wanted and goes."""
        found: dict[str, Locked | PylayerError] = {}
        if not unknown:
            return found
        ordered = sorted(unknown, key=lambda pair: (pair[0].build.target.runtime.minor, pair[0].build.id))
        groups = groupby(ordered, key=lambda pair: pair[0].build.target.runtime.minor)
        runtimes = {minor: list(group) for minor, group in groups}
        if ordered[0][0].build.layer.fork_strategy == "fewest":
            preferences = self._preferred(ordered)
            for pairs in runtimes.values():
                here = await self._of_runtime(pairs, preferences)
                for one in (here[want.build.id] for want, _ in pairs):
                    preferences = one.versions | preferences if isinstance(one, Locked) else preferences
                found |= here
            return found
        # No version of one decides what another has.
        for here in await together(
            [
                self._of_runtime(pairs, self._preferred(pairs, minor=minor))
                for minor, pairs in runtimes.items()
            ]
        ):
            found |= here
        return found

    async def _of_runtime(
        self, pairs: Sequence[tuple[Wanted, Case]], preferences: Mapping[str, str]
    ) -> dict[str, Locked | PylayerError]:
        """Resolve the builds of one runtime: each prefers the versions of those before it."""
        found: dict[str, Locked | PylayerError] = {}
        beside: Locked | None = None
        for want, case in pairs:
            preferred = replace(case, preferences={**preferences, **want.given}, beside=beside)
            found[want.build.id] = await self._attempt(preferred)
            if isinstance(one := found[want.build.id], Locked):
                preferences = {**one.versions, **preferences}
                beside = one
        return found | await self._aligned(pairs, found)

    def _preferred(self, pairs: Sequence[tuple[Wanted, Case]], *, minor: int | None = None) -> dict[str, str]:
        """The locked versions of some builds, then of others of their layer, for one `minor` or for all."""
        layers = {want.build.layer.name for want, _ in pairs}
        siblings = [
            build.id
            for layer in sorted(layers)
            for build in self._workspace.of_layers[layer]
            if minor in {None, build.target.runtime.minor}
        ]
        preferences: dict[str, str] = {}
        for name in (*(want.build.id for want, _ in pairs), *siblings):
            preferences = self._kept(self._before.builds.get(name)) | preferences
        for want, _ in pairs:
            preferences = self._kept(self._predecessor(want)) | preferences
        return preferences

    def _predecessor(self, want: Wanted) -> Locked | None:
        """What the lock has of a build that is gone, of a new layer that may have taken its place.

        A layer that was renamed, as with its package, keeps its versions as any other does: that of the build
        for the same target with which it has most in common.
        """
        ours = {build.id for build in self._workspace.of_layers[want.build.layer.name]}
        if not ours.isdisjoint(self._before.builds):
            return None
        needs = set(map(required_name, want.requirements))
        likely = [
            (len(needs.intersection(map(required_name, locked.terms.requirements))), name)
            for name, locked in self._gone.items()
            if name.endswith(f"-{want.build.target}")
        ]
        common, name = max(likely, default=(0, ""))
        return self._before.builds[name] if common else None

    async def _aligned(
        self, pairs: Sequence[tuple[Wanted, Case]], found: Mapping[str, Locked | PylayerError]
    ) -> dict[str, Locked | PylayerError]:
        """Resolve one runtime's builds again, at the lowest version of all in which they differ."""
        solved = [one for want, _ in pairs if isinstance(one := found[want.build.id], Locked)]
        versions: dict[str, set[str]] = {}
        for locked in solved:
            for name, version in locked.versions.items():
                versions.setdefault(name, set()).add(version)
        lowest = {name: min(each, key=Version) for name, each in versions.items() if len(each) > 1}
        if not lowest:
            return {}
        constraints = tuple(f"{name}=={version}" for name, version in sorted(lowest.items()))
        again = {
            want.build.id: await self._attempt(replace(case, constraints=constraints))
            for want, case in pairs
            if isinstance(found[want.build.id], Locked)
        }
        # Where that does not go, each keeps the newest that it can have.
        return {} if any(isinstance(result, PylayerError) for result in again.values()) else again

    def _located(self, text: str, whereabouts: Whereabouts) -> str:
        """A requirement, on the place that a distribution has to come from.

        The metadata of a package that uses `[tool.uv.sources]` does not say so, and on an index the name may
        be anybody's.
        """
        url = whereabouts.located.get(required_name(text))
        if url is None:
            return text
        requirement = Requirement(text)
        if requirement.url:
            return text
        requirement.specifier = SpecifierSet()
        requirement.url = written(url, root=self._workspace.manifest.root)
        return str(requirement)

    def _explained(self, error: ResolveError, build: Build) -> ResolveError:
        """Say of pins in an error that they were not chosen with the monorepo's own packages."""
        faults, displaced = [], self._pinning.displaced(build)
        for fault in error.faults:
            notes = [
                f"{each.label} was made with {name} {each.version} of an index, "
                "in whose place is a package of the monorepo"
                for name, each in displaced
                if f"{each.label} pins " in fault.hint
            ]
            faults.append(replace(fault, hint="; ".join([fault.hint, *notes])))
        return ResolveError.of(faults, log=error.log)

    async def _attempt(self, case: Case) -> Locked | PylayerError:
        try:
            return await self._resolver.solved(case)
        except PylayerError as error:
            return error


def _misplaced(pin: Pin, case: Case) -> Iterator[str]:
    """Say that a file is not from where its distribution has to come from."""
    if refused := case.whereabouts.refused.get(pin.name):
        yield refused.what
        return
    url = case.whereabouts.located.get(pin.name, "")
    if not url:
        if gits.commit_of(pin) and pin.name not in _addresses(case.terms):
            yield f"{pin.name} {pin.version} no longer comes from git"
    elif gits.is_git(url):
        # Where a branch or a tag is meant, a lock keeps the commit that it was.
        ref = gits.origin(pin.name, url).ref
        commit = gits.commit_of(pin)
        if not commit or (gits.is_commit(ref) and ref != commit):
            yield f"{pin.name} {pin.version} is to come from {url}"
    elif unquote(urlsplit(url).path.rpartition("/")[2]) != pin.filename:
        yield f"{pin.name} {pin.version} is to come from {display(url)}"


def _of_both_architectures(target: Target) -> Iterator[Target]:
    yield from (replace(target, architecture=architecture) for architecture in Architecture)


def _on_other_platforms(name: EnvironmentName, entries: Mapping[str, Locked]) -> bool:
    """Whether the lock has what is wanted, but not for this machine."""
    known = filter(None, map(EnvironmentName.read, entries))
    return any((each.python, each.wanted) == (name.python, name.wanted) for each in known)


def _addresses(terms: Terms) -> dict[str, str]:
    """The direct references in requirements, by name."""
    found = map(Requirement, (text for text in terms.requirements if "@" in text))
    return {normalise(each.name): each.url for each in found if each.url}
