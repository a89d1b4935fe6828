"""Terms → what the resolver makes of them for one Python, as an entry of the lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from pylayer.errors import Fault, ResolveError
from pylayer.index import gits
from pylayer.index.pins import Pin
from pylayer.locks.fetcher import Addresses
from pylayer.locks.lock import Locked
from pylayer.names import normalise, required_name
from pylayer.resolver import resolve, sdists
from pylayer.resolver.requirements import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.building.context import RunContext
    from pylayer.index.gits import Fetched, Origin
    from pylayer.index.indexes import IndexSettings
    from pylayer.locks.fetcher import Fetcher
    from pylayer.locks.lock import Terms
    from pylayer.resolver.requirements import ResolverPython
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One resolution: of what, for which Python, and what holds it.

    `held` are versions by distribution and by the lock file that pins them; `before` is what was locked,
    which is kept where possible, but for the names in `moving`. `constraints` are PEP 508. `building` is set
    for what builds projects: the manifest's other constraints hold for it.
    """

    terms: Terms
    python: ResolverPython
    target: Target
    held: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    preferences: Mapping[str, str] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    building: bool = False


class LockResolver:
    """Asks the resolver; the names of the monorepo's projects are never asked of an index."""

    def __init__(self, context: RunContext, *, settings: IndexSettings, fetcher: Fetcher) -> None:
        self._manifest = context.workspace.manifest
        self._projects = context.workspace.projects.keys()
        self._graph = context.graph
        self._store = context.store
        self._settings = settings
        self._fetcher = fetcher

    async def solved(self, case: Case) -> Locked:
        """Give the entry. What is built from source is a wheel for the resolver, and a source in the lock.

        Raises ResolveError that says which lock files pinned what does not fit, or DownloadError.
        """
        constraints = self._constraints(case)
        provided = await self._from_git(case)
        for name in case.terms.build_from_source:
            if name not in provided:
                provided[name] = await self._from_source(name, case, constraints=constraints)
        request = Request(
            requirements=tuple(_plain(text) for text in case.terms.requirements),
            constraints=constraints,
            overrides=() if case.building else self._manifest.overrides,
            excludes=tuple(sorted({*self._projects, *case.terms.exclude})),
            provided=tuple(wheel for _, wheel in provided.values()),
            preferences=tuple(sorted(case.preferences.items())),
            exclude_newer=self._manifest.exclude_newer,
        )
        try:
            pins = await self._graph.compute(
                resolve.resolve, request, python=case.python, settings=self._settings
            )
        except ResolveError as error:
            raise _attributed(error, case.held) from error
        kept = tuple(provided[pin.name][0] if pin.name in provided else pin for pin in pins)
        return Locked(terms=case.terms, pins=kept)

    def _constraints(self, case: Case) -> tuple[str, ...]:
        """What layers.toml says, what lock files pin unless it overrides that, and the case's own."""
        if case.building:
            return self._manifest.build_constraints
        overridden = {required_name(text) for text in self._manifest.overrides}
        pinned = [
            f"{name}=={version}"
            for name, versions in sorted(case.held.items())
            for version in sorted(set(versions.values()))
            if name not in overridden
        ]
        return (*self._manifest.constraints, *pinned, *case.constraints)

    async def _from_source(self, name: str, case: Case, *, constraints: Sequence[str]) -> tuple[Pin, Wheel]:
        """Choose the sdist of a distribution, the preferred version if it may be, and build it."""
        asked = [text for text in (*case.terms.requirements, *constraints) if required_name(text) == name]
        pin = None
        if before := case.preferences.get(name):
            pin = await self._sdist(name, case, constraints=[*asked, f"{name}=={before}"], needed=False)
        pin = pin or await self._sdist(name, case, constraints=asked)
        assert pin is not None
        wheel = await self._fetcher.built(
            pin, python=case.python, target=case.target, addresses=Addresses(())
        )
        return pin, wheel

    async def _sdist(
        self, name: str, case: Case, *, constraints: Sequence[str], needed: bool = True
    ) -> Pin | None:
        try:
            return await self._graph.wait(
                sdists.sdist,
                name,
                python=case.python,
                settings=self._settings,
                constraints=constraints,
                exclude_newer=self._manifest.exclude_newer,
            )
        except ResolveError:
            if needed:
                raise
            return None

    async def _from_git(self, case: Case) -> dict[str, tuple[Pin, Wheel]]:
        """Fetch and build what is required from git, at the commit that was locked where one was."""
        provided = {}
        for requirement in map(Requirement, case.terms.requirements):
            if not requirement.url or not gits.is_git(requirement.url):
                continue
            name = normalise(requirement.name)
            source = gits.origin(name, requirement.url)
            fetched = await self._fetched(source, commit=case.commits.get(name, ""))
            pin = Pin(
                name=name, version="", filename=fetched.filename(name), sha256=fetched.sha256, url=source.url
            )
            wheel = await self._fetcher.built(
                pin,
                python=case.python,
                target=case.target,
                addresses=Addresses(case.terms.requirements),
            )
            provided[name] = (
                Pin(
                    name=name,
                    version=wheel.metadata.version,
                    filename=pin.filename,
                    sha256=pin.sha256,
                ),
                wheel,
            )
        return provided

    async def _fetched(self, source: Origin, *, commit: str) -> Fetched:
        """Fetch a repository once in a run, so that all builds get the same commit of a branch."""
        return await self._graph.once(
            ("git", source, commit),
            lambda: self._graph.wait(
                gits.fetch, source, commit=commit, store=self._store, settings=self._settings
            ),
        )


def _plain(text: str) -> str:
    """A requirement for the resolver, which gets what comes from git as a wheel."""
    requirement = Requirement(text)
    if not requirement.url or not gits.is_git(requirement.url):
        return text
    requirement.url = None
    return str(requirement)


def _attributed(error: ResolveError, held: Mapping[str, Mapping[str, str]]) -> ResolveError:
    """Say of an error which of the versions in it a lock file pinned."""
    text = str(error) + error.log
    pinned = [
        f"{label} pins {name} {version}"
        for name, versions in sorted(held.items())
        for label, version in versions.items()
        if f"{name}=={version}" in text or f"{name} {version}" in text or f"{name} =={version}" in text
    ]
    if not pinned:
        return error
    note = f"{'; '.join(pinned)} (pins = false in layers.toml leaves such files out)"
    faults = [
        Fault(what=fault.what, where=fault.where, hint=f"{fault.hint}; {note}" if fault.hint else note)
        for fault in error.faults
    ]
    return ResolveError.of(faults, log=error.log)
