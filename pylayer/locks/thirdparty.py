"""Requirements → wheels: as the lock says, else as the resolver finds, which the lock then keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer.building.dependencies import Wanted
from pylayer.errors import CheckError, PylayerError, ResolveError
from pylayer.locks.alike import LayerResolver
from pylayer.locks.environments import LockedEnvironments
from pylayer.locks.lock import Locked, Terms, stale
from pylayer.locks.lockresolver import Case
from pylayer.locks.outsized import outsized
from pylayer.locks.pinning import LockfilePins, overrides
from pylayer.resolver.requirements import ResolverPython

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pylayer.building.context import RunContext
    from pylayer.building.hosts import BuildHost
    from pylayer.config.layers import Build
    from pylayer.locks.fetcher import Fetcher
    from pylayer.locks.lockresolver import LockResolver
    from pylayer.locks.provenances import Provenances
    from pylayer.locks.standing import StandingLock
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


class ThirdParty:
    """Third-party wheels for builds and for their `environments`, each resolved and fetched once.

    `builds` are what the lock is to have of builds. With a locked policy, nothing is resolved: what the lock
    does not answer is a LockError.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        standing: StandingLock,
        fetcher: Fetcher,
        provenances: Provenances,
        resolver: LockResolver,
    ) -> None:
        self._store = context.store
        self._standing = standing
        self._fetcher = fetcher
        self._resolver = resolver
        self._layers = LayerResolver(resolver, standing=standing)
        self._pinning = LockfilePins(context.workspace)
        self._provenances = provenances
        self.builds: dict[str, Locked] = {}
        self.environments = LockedEnvironments(
            context, standing=standing, provenances=provenances, resolver=resolver, fetcher=fetcher
        )

    async def wheels(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...] | PylayerError]:
        """By build id, the third-party wheels of one layer's builds, or why there are none."""
        found, cases = await self._found(wanted)
        new = {name: one for name, one in found.items() if isinstance(one, Locked)}
        self.builds |= new
        for one in new.values():
            self._fetcher.warn(one.pins)
        return await self._all_had(wanted, found, cases)

    async def likely(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...]]:
        """See `pylayer.building.dependencies.Distributions`: the resolver's answers serve `wheels` too."""
        if self._standing.policy.locked:
            return {}
        found, cases = await self._found(wanted, ahead=True)
        wheels = await self._all_had(wanted, found, cases)
        return {name: had for name, had in wheels.items() if not isinstance(had, PylayerError)}

    def locked(self, build: Build) -> Sequence[str] | None:
        """See `pylayer.building.dependencies.Distributions`."""
        before = self._standing.before.builds.get(build.id)
        if before is None:  # what needs nothing is not written down
            return () if self._standing.before.builds or self._standing.before.environments else None
        return tuple(pin.sha256 for pin in before.pins if pin.is_wheel)

    def overrides(self, build: Build) -> Sequence[str]:
        """See `pylayer.building.dependencies.Distributions`."""
        found = self.builds.get(build.id)
        return found.terms.overrides if found else ()

    async def expected(self, build: Build) -> tuple[Wheel, ...]:
        """See `pylayer.building.dependencies.Distributions`: as if a build required what it did."""
        before = self._standing.before.builds.get(build.id)
        if before is None:
            return ()
        terms = before.terms
        case = self._case(Wanted(build=build, requirements=terms.requirements, extras=terms.extras), before)
        if any(self._standing.reasons(before, case)):
            return ()
        wheels = replace(before, pins=tuple(pin for pin in before.pins if pin.is_wheel))
        return await self._fetched(wheels, case)

    async def environment(
        self, requirements: Sequence[str], *, target: Target, host: BuildHost
    ) -> tuple[Wheel, ...]:
        """See `pylayer.building.hosts.Requirements`."""
        return await self.environments.wheels(requirements, target=target, host=host)

    async def _found(
        self, wanted: Sequence[Wanted], *, ahead: bool = False
    ) -> tuple[dict[str, Locked | PylayerError], dict[str, Case]]:
        """By build id, what the lock has or the resolver finds, and what it was to answer."""
        found: dict[str, Locked | PylayerError] = {}
        unknown: list[tuple[Wanted, Case]] = []
        cases: dict[str, Case] = {}
        for want in wanted:
            name, before = want.build.id, self._standing.before.builds.get(want.build.id)
            try:
                case = replace(self._case(want, before or self._standing.predecessor(want)), ahead=ahead)
            except PylayerError as error:
                found[name] = error
                continue
            cases[name] = case
            if not want.requirements:
                found[name] = Locked(terms=case.terms)
            elif not (reasons := list(self._standing.reasons(before, case, given=want.given))):
                assert before is not None
                found[name] = before
            elif self._standing.policy.locked:
                found[name] = stale({name: reasons})
            else:
                unknown.append((want, case))
        resolved = await self._layers.resolved(unknown)
        for want, _ in unknown:
            one = resolved[want.build.id]
            found[want.build.id] = self._explained(one, want.build) if isinstance(one, ResolveError) else one
        return found, cases

    def _case(self, want: Wanted, before: Locked | None) -> Case:
        layer = want.build.layer
        # Other extras change nothing that is known here: they make no entry stale.
        extras = tuple(sorted(self._provenances.deciding.intersection(want.extras)))
        pinned = self._pinning.of(want.build)
        held = self._provenances.narrowed(pinned, want.build.target, extras=extras)
        whereabouts = self._provenances.of(want.build.target, held, extras=extras)
        requirements = {self._provenances.placed(text, whereabouts) for text in want.requirements}
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
            commits=self._standing.commits(before, terms),
        )

    async def _all_had(
        self,
        wanted: Sequence[Wanted],
        found: Mapping[str, Locked | PylayerError],
        cases: Mapping[str, Case],
    ) -> dict[str, tuple[Wheel, ...] | PylayerError]:
        return {
            want.build.id: await self._had(want.build, found[want.build.id], cases.get(want.build.id))
            for want in wanted
        }

    async def _had(
        self, build: Build, locked: Locked | PylayerError, case: Case | None
    ) -> tuple[Wheel, ...] | PylayerError:
        if isinstance(locked, PylayerError):
            return locked
        assert case is not None

        def fits() -> None:
            if problems := outsized(locked.pins, build.layer, store=self._store):
                raise CheckError.of(problem.fault(build.id) for problem in problems)

        try:
            return await self._fetched(locked, case, before=fits)
        except PylayerError as error:
            return error

    async def _fetched(
        self, locked: Locked, case: Case, *, before: Callable[[], None] = lambda: None
    ) -> tuple[Wheel, ...]:
        return await self._fetcher.wheels(
            locked,
            python=case.python,
            target=case.target,
            located={**self._resolver.addresses(case), **case.whereabouts.located},
            before=before,
        )

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
