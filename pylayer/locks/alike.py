"""Cases of one layer's builds → what the resolver finds for them, in the same versions as far as that goes.

A layer's builds are resolved together, those of one runtime for the same versions: each prefers the versions
of those before it, and where architectures still differ, both are asked again for the lower version. Where
the layer wants the fewest versions, a runtime prefers those of the older ones too.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from packaging.version import Version

from pylayer.errors import PylayerError
from pylayer.graph import together
from pylayer.locks.lock import Locked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.building.dependencies import Wanted
    from pylayer.locks.lockresolver import Case, LockResolver
    from pylayer.locks.standing import StandingLock


class LayerResolver:
    """Resolves the builds of one layer after the other; what is locked for them is preferred."""

    def __init__(self, resolver: LockResolver, *, standing: StandingLock) -> None:
        self._resolver = resolver
        self._standing = standing

    async def resolved(self, unknown: Sequence[tuple[Wanted, Case]]) -> dict[str, Locked | PylayerError]:
        """Resolve the builds of one layer, for the same versions as far as that is wanted and goes."""
        found: dict[str, Locked | PylayerError] = {}
        if not unknown:
            return found
        ordered = sorted(unknown, key=lambda pair: (pair[0].build.target.runtime.minor, pair[0].build.id))
        groups = groupby(ordered, key=lambda pair: pair[0].build.target.runtime.minor)
        runtimes = {minor: list(group) for minor, group in groups}
        if ordered[0][0].build.layer.fork_strategy == "fewest":
            preferences = self._standing.preferred([want for want, _ in ordered])
            for pairs in runtimes.values():
                here = await self._of_runtime(pairs, preferences)
                for one in (here[want.build.id] for want, _ in pairs):
                    preferences = one.versions | preferences if isinstance(one, Locked) else preferences
                found |= here
            return found
        # No version of one decides what another has.
        for here in await together(
            [
                self._of_runtime(pairs, self._standing.preferred([want for want, _ in pairs], minor=minor))
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
        before = preferences
        beside: Locked | None = None
        for want, case in pairs:
            preferred = replace(case, preferences={**preferences, **want.given}, beside=beside)
            found[want.build.id] = await self._attempt(preferred)
            if isinstance(one := found[want.build.id], Locked):
                preferences = {**one.versions, **preferences}
                beside = one
        return found | await self._aligned(pairs, found, before)

    async def _aligned(
        self,
        pairs: Sequence[tuple[Wanted, Case]],
        found: Mapping[str, Locked | PylayerError],
        preferences: Mapping[str, str],
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
            want.build.id: await self._attempt(
                replace(case, preferences={**preferences, **want.given}, constraints=constraints)
            )
            for want, case in pairs
            if isinstance(found[want.build.id], Locked)
        }
        # Where that does not go, each keeps the newest that it can have.
        return {} if any(isinstance(result, PylayerError) for result in again.values()) else again

    async def _attempt(self, case: Case) -> Locked | PylayerError:
        return await attempted(self._resolver, case)


async def attempted(resolver: LockResolver, case: Case) -> Locked | PylayerError:
    """An entry, or why there is none."""
    try:
        return await resolver.solved(case)
    except PylayerError as error:
        return error
