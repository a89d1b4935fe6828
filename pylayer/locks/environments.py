"""Build requirements → the wheels of a build environment, and what the lock is to have of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pylayer.graph import together
from pylayer.locks.alike import attempted
from pylayer.locks.lock import Locked, Terms, stale
from pylayer.locks.lockresolver import Case
from pylayer.locks.sharing import (
    EnvironmentName,
    are_for_any_platform,
    builder_platform,
    builder_python,
    serves_every_machine,
    serves_python,
)
from pylayer.resolver.requirements import ResolverPython
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pylayer.building.context import RunContext
    from pylayer.building.hosts import BuildHost
    from pylayer.locks.fetcher import Fetcher
    from pylayer.locks.lockresolver import LockResolver
    from pylayer.locks.provenances import Provenances
    from pylayer.locks.standing import StandingLock
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


class LockedEnvironments:
    """The wheels of build environments, each set resolved and fetched once.

    `entries` are what the lock is to have of them, and `replaced` the names in it in whose place these have
    what they came to.
    """

    def __init__(
        self,
        context: RunContext,
        *,
        standing: StandingLock,
        provenances: Provenances,
        resolver: LockResolver,
        fetcher: Fetcher,
    ) -> None:
        self._workspace = context.workspace
        self._graph = context.graph
        self._standing = standing
        self._provenances = provenances
        self._resolver = resolver
        self._fetcher = fetcher
        self.entries: dict[str, Locked] = {}
        self.replaced: set[str] = set()
        self._beside: list[asyncio.Future[None]] = []

    async def wheels(
        self, requirements: Sequence[str], *, target: Target, host: BuildHost
    ) -> tuple[Wheel, ...]:
        """The wheels of build requirements, and of all they need, for the interpreter of `host`."""
        if not requirements:
            return ()
        place_of = self._provenances.of(target, {})
        wanted = tuple(sorted(self._provenances.placed(text, place_of) for text in requirements))
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
        entries = self._standing.before.environments
        called = next((each for each in map(str, (name, shared)) if each in entries), "")
        before = entries.get(called)
        if before is None and (found := await self._of_another_python(shared, case)):
            return found
        locked = before
        if locked is None or (reasons := list(self._standing.reasons(before, case))):
            if self._standing.policy.locked:
                told = called or str(name if _on_other_platforms(name, entries) else shared)
                raise stale({told: ["is not in the lock"] if before is None else reasons})
            locked = await self._resolver.solved(
                replace(
                    case,
                    preferences=self._standing.kept(before),
                    commits=self._standing.commits(before, case.terms),
                )
            )
            self._fetcher.warn(locked.pins)
        found = await self._fetched(locked, case)
        new = locked is not before
        if called:
            self.replaced.add(called)
        if not (
            are_for_any_platform(pin.filename for pin in locked.pins)
            and serves_every_machine(case.terms.requirements, found, minor=name.minor)
        ):
            self.entries[str(name)] = locked
            if new:  # nothing in this run waits for it
                other = partial(self._for_the_other_architecture, name, case, locked)
                step = self._graph.once(("environment elsewhere", name), other)
                self._beside.append(asyncio.ensure_future(step))
            return found
        # Two machines of one run, a container beside another, have the same.
        first = self.entries.setdefault(str(shared), locked)
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
        before = self._standing.before.environments.get(beside)
        if before and not list(self._standing.reasons(before, case)):
            return
        other = replace(
            case, python=ResolverPython.of_target(target), target=target, preferences=locked.versions
        )
        if isinstance(found := await attempted(self._resolver, other), Locked):
            self.entries.setdefault(beside, found)

    async def _of_another_python(self, name: EnvironmentName, case: Case) -> tuple[Wheel, ...]:
        """The wheels that the lock has for the same requirements of another runtime, where they serve both.

        A host that has not all the runtimes' Pythons builds with another one than is locked for.
        """
        declared = {build.target.runtime.name: build.target.runtime for build in self._workspace.builds}
        for text, locked in sorted(self._standing.before.environments.items()):
            other = EnvironmentName.read(text)
            if other is None or other == name or (other.wanted, other.platform) != (name.wanted, ""):
                continue
            runtime = declared.get(other.python)
            if runtime is None or list(self._standing.reasons(locked, case)):
                continue
            python = ResolverPython.of_target(replace(case.target, runtime=runtime))
            found = await self._fetched(locked, replace(case, python=python))
            if serves_python(case.terms.requirements, found, minor=name.minor, of=other.minor):
                self.entries[text] = locked
                return found
        return ()

    async def _fetched(self, locked: Locked, case: Case) -> tuple[Wheel, ...]:
        return await self._fetcher.wheels(
            locked,
            python=case.python,
            target=case.target,
            located={**self._resolver.addresses(case), **case.whereabouts.located},
        )


def _of_both_architectures(target: Target) -> Iterator[Target]:
    yield from (replace(target, architecture=architecture) for architecture in Architecture)


def _on_other_platforms(name: EnvironmentName, entries: Mapping[str, Locked]) -> bool:
    """Whether the lock has what is wanted, but not for this machine."""
    known = filter(None, map(EnvironmentName.read, entries))
    return any((each.python, each.wanted) == (name.python, name.wanted) for each in known)
