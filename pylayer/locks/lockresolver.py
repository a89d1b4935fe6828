"""Terms → what the resolver makes of them for one Python, as an entry of the lock."""

from __future__ import annotations

from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pylayer import wheels
from pylayer.building.serving import allows
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, PylayerError, ResolveError
from pylayer.index import gits
from pylayer.index.indexes import local_path
from pylayer.index.pins import Pin
from pylayer.locks.fetcher import Addresses
from pylayer.locks.lock import Locked
from pylayer.locks.provenances import Whereabouts
from pylayer.markers import holds
from pylayer.names import normalise, required_name
from pylayer.resolver.requirements import Request
from pylayer.turns import Urgency

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.building.context import RunContext
    from pylayer.index.gits import Fetched, Origin
    from pylayer.index.indexes import IndexSettings
    from pylayer.locks.fetcher import Fetcher
    from pylayer.locks.lock import Terms
    from pylayer.locks.lockfiles import Held
    from pylayer.resolver.requirements import ResolverPython
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One resolution: of what, for which Python, and what holds it.

    `held` is what lock files say by distribution, and `whereabouts` where each has to come from.
    `preferences` are versions that were locked, and are kept where possible. `constraints` are PEP 508.
    `building` is set for what builds projects: the manifest's other constraints hold for it. `ahead`: nobody
    wants it yet. `beside` is what this run found for another target.
    """

    terms: Terms
    python: ResolverPython
    target: Target
    held: Mapping[str, tuple[Held, ...]] = field(default_factory=dict)
    whereabouts: Whereabouts = field(default_factory=Whereabouts)
    preferences: Mapping[str, str] = field(default_factory=dict)
    commits: Mapping[str, str] = field(default_factory=dict)
    constraints: tuple[str, ...] = ()
    building: bool = False
    ahead: bool = False
    beside: Locked | None = None


class LockResolver:
    """Asks the resolver; the names of the monorepo's projects are never asked of an index."""

    def __init__(self, context: RunContext, *, settings: IndexSettings, fetcher: Fetcher) -> None:
        self._manifest = context.workspace.manifest
        self._build_constraints = context.workspace.build_constraints
        self._projects = context.workspace.projects.keys()
        self._graph = context.graph
        self._store = context.store
        self._settings = settings
        self._fetcher = fetcher
        self._wanted: set[Hashable] = set()

    async def solved(self, case: Case) -> Locked:
        """Give the entry. What is built from source is a wheel for the resolver, and a source in the lock.

        Raises ResolveError that says which lock files pinned what does not fit, or what cannot be had from
        where it has to come from; or DownloadError.
        """
        from pylayer.resolver.solver import StandInError  # here: most runs find all of it in the lock

        excluded = frozenset({*self._projects, *case.terms.exclude})
        place = case.whereabouts
        sources = frozenset(case.terms.build_from_source) - self.addresses(case).keys()
        needed = {required_name(text) for text in case.terms.requirements} - excluded
        addresses: dict[str, str] = {}
        provided: dict[str, tuple[Pin, Wheel]] = {}
        # What only others require shows in what the resolver finds: then it is asked again.
        while True:
            if refused := [place.refused[name] for name in sorted(needed & place.refused.keys())]:
                raise ResolveError.of(replace(fault, where=case.python.label) for fault in refused)
            # No index is asked for what is somewhere else: whoever has the name there is a stranger.
            built = sorted(name for name in needed & sources if not _address(name, case))
            if case.ahead and built:
                raise ResolveError("is built where it is wanted", where=built[0])
            for name in sorted(needed - provided.keys() - addresses.keys()):
                url = _address(name, case)
                if gits.is_git(url):
                    provided[name] = await self._from_git(name, url, case)
                elif path := local_path(url):
                    provided[name] = await self._graph.compute(self._from_file, name, path, case)
                elif url:
                    addresses[name] = url
            try:
                return await self._resolved(
                    case, provided, addresses, excluded=excluded, sources=sources, built=built
                )
            except StandInError as error:
                needed = needed.union(error.names)

    def addresses(self, case: Case) -> dict[str, str]:
        """Where distributions are, by name, of which what is asked for this Python says so itself."""
        asked = (*case.terms.requirements, *self._constraints(case), *self._overrides(case))
        given = map(Requirement, (text for text in asked if "@" in text))
        return {
            normalise(each.name): each.url
            for each in given
            if each.url and holds(each.marker, case.python.markers)
        }

    async def _resolved(
        self,
        case: Case,
        provided: Mapping[str, tuple[Pin, Wheel]],
        addresses: Mapping[str, str],
        *,
        excluded: frozenset[str],
        sources: frozenset[str],
        built: Sequence[str],
    ) -> Locked:
        """Resolve with what is `provided` as wheels, and with `addresses` of others; raises StandInError.

        `sources` are what is built from source where it is needed, `built` those that are.
        """
        constraints = self._constraints(case)
        at = tuple(f"{name} @ {url}" for name, url in sorted(addresses.items()))
        place = case.whereabouts
        asked_for = Request(
            requirements=tuple(_plain(text) for text in case.terms.requirements),
            constraints=(*constraints, *at),
            overrides=self._overrides(case),
            excludes=tuple(sorted(excluded)),
            provided=tuple(wheel for _, wheel in provided.values()),
            preferences=_preferences(case),
            exclude_newer=self._manifest.exclude_newer,
            elsewhere=frozenset({*place.located, *place.refused, *sources})
            .difference(addresses)
            .difference(built),
            hashes={name: allowed.sha256 for name, allowed in place.hashes.items()},
            beside=_offered(case.beside),
            building=case.building,
        )
        closer: ResolveError | None = None
        versions: Mapping[str, str] = {}
        try:
            versions = await self._versions(case, built, asked_for)
        except ResolveError as error:  # which may be wrong of what is yanked, and required exactly
            closer = error
        provided = {
            **provided,
            **{
                name: await self._from_source(name, case, constraints=constraints, version=versions.get(name))
                for name in built
            },
        }
        request = replace(asked_for, provided=tuple(wheel for _, wheel in provided.values()))
        # What several layers require in the same words has one answer.
        asked = self._key("resolution", request, case)
        try:
            if not case.ahead:
                self._wanted.add(asked)
            pins = await self._graph.once(asked, lambda: self._asked(request, case, asked=asked))
        except ResolveError as error:
            if closer:
                raise await self._told(closer, built, asked_for, case) from error
            raise await self._told(error, (), request, case) from error
        kept = tuple(provided[pin.name][0] if pin.name in provided else pin for pin in pins)
        if faults := [
            Fault(what=what, where=case.python.label, hint="use the right file, or lock again")
            for pin in kept
            for what in wrong_hash(pin, place)
        ]:
            raise ResolveError.of(faults)
        return Locked(terms=case.terms, pins=kept)

    async def _told(
        self, error: ResolveError, built: Sequence[str], request: Request, case: Case
    ) -> ResolveError:
        """The error with all that would have to be built besides, and whose pins it is about."""
        from pylayer.resolver import fitting

        if case.constraints or case.ahead:  # nobody is told of it
            return error
        if case.building:
            return _attributed(error, case)
        find = partial(
            fitting.with_all_sdists,
            *(error, built, request),
            python=case.python,
            settings=self._settings_of(case),
        )
        key = (*self._key("told", request, case), *built)
        found = await self._graph.once(key, lambda: self._graph.compute(find))
        return _attributed(found, case)

    async def _asked(self, request: Request, case: Case, *, asked: Hashable) -> tuple[Pin, ...]:
        from pylayer.resolver import resolve

        def urgency() -> Urgency:
            return Urgency.SHORT if asked in self._wanted else Urgency.AHEAD

        return await self._graph.compute_as(
            Urgency.SHORT if asked in self._wanted else urgency,
            partial(
                resolve.resolve,
                request,
                python=case.python,
                settings=self._settings_of(case),
                tentative=bool(case.constraints),  # what has them is tried for versions in common alone
            ),
        )

    def _settings_of(self, case: Case) -> IndexSettings:
        return self._settings.where(case.python.markers, extras=case.terms.extras)

    def _constraints(self, case: Case) -> tuple[str, ...]:
        """What layers.toml says, what lock files pin, and the case's own."""
        if case.building:
            return self._build_constraints
        pinned = [
            f"{name}{limits}"
            for name, held in sorted(case.held.items())
            for limits in sorted({each.limits for each in held if each.limits})
        ]
        return (*self._manifest.constraints, *pinned, *case.constraints)

    def _overrides(self, case: Case) -> tuple[str, ...]:
        return () if case.building else (*self._manifest.overrides, *case.terms.overrides)

    async def _versions(self, case: Case, names: Sequence[str], request: Request) -> Mapping[str, str]:
        """The versions of what is built from source that suit what others require.

        ResolveError where it is not for those that nothing goes together.
        """
        from pylayer.resolver import fitting

        if not names:
            return {}
        find = partial(
            fitting.versions_that_fit,
            *(names, request),
            python=case.python,
            settings=self._settings_of(case),
        )
        key = (*self._key("fitting", request, case), *names)
        return await self._graph.once(key, lambda: self._graph.compute(find))

    def _key(self, step: str, request: Request, case: Case) -> tuple[Hashable, ...]:
        python = case.python
        return (step, python.label, repr(request), python.executable, case.terms.extras)

    async def _from_source(
        self, name: str, case: Case, *, constraints: Sequence[str], version: str | None
    ) -> tuple[Pin, Wheel]:
        """Choose an sdist, of a `version` or else the preferred one where that may be, and build it."""
        asked = [text for text in (*case.terms.requirements, *constraints) if required_name(text) == name]
        pin = None
        if wanted := version or case.preferences.get(name):
            pin = await self._sdist(name, case, constraints=[*asked, f"{name}=={wanted}"], needed=False)
        pin = pin or await self._sdist(name, case, constraints=asked)
        assert pin is not None
        wheel = await self._fetcher.built(
            pin, python=case.python, target=case.target, addresses=Addresses(())
        )
        return pin, wheel

    async def _sdist(
        self, name: str, case: Case, *, constraints: Sequence[str], needed: bool = True
    ) -> Pin | None:
        from pylayer.resolver import sdists

        try:
            return await self._graph.wait(
                sdists.sdist,
                name,
                python=case.python,
                settings=self._settings_of(case),
                constraints=constraints,
                exclude_newer=self._manifest.exclude_newer,
            )
        except ResolveError:
            if needed:
                raise
            return None

    async def _from_git(self, name: str, url: str, case: Case) -> tuple[Pin, Wheel]:
        """Fetch and build what comes from git, at the commit that was locked where one was."""
        source = gits.origin(name, url)
        # A commit that is asked for is newer than one that was locked.
        commit = "" if gits.is_commit(source.ref) else case.commits.get(name, "")
        fetched = await self._fetched(source, commit=commit)
        pin = Pin(
            name=name, version="", filename=fetched.filename(name), sha256=fetched.sha256, url=source.url
        )
        wheel = await self._fetcher.built(
            pin, python=case.python, target=case.target, addresses=Addresses((), {name: url})
        )
        locked = Pin(name=name, version=wheel.metadata.version, filename=pin.filename, sha256=pin.sha256)
        return locked, wheel

    def _from_file(self, name: str, path: Path, case: Case) -> tuple[Pin, Wheel]:
        """Keep a wheel that lies in the repository; raises ResolveError where it does not fit."""
        try:
            own, _, _, tags = parse_wheel_filename(path.name)
            wheel = wheels.read(path, filename=path.name, sha256=self._store.put_blob(path))
        except (InvalidWheelFilename, PylayerError) as error:
            raise ResolveError(f"cannot be used: {error}", where=str(path)) from error
        if own != name or tags.isdisjoint(case.python.tags):
            raise ResolveError(
                f"is not a wheel of {name} that runs there",
                where=f"{path.name} for {case.python.label}",
                hint="name another file, or take it from an index",
            )
        stored = self._store.blob(wheel.sha256)
        assert stored is not None
        pin = Pin(name=name, version=wheel.metadata.version, filename=path.name, sha256=wheel.sha256)
        return pin, replace(wheel, path=stored)

    async def _fetched(self, source: Origin, *, commit: str) -> Fetched:
        """Fetch a repository once in a run, so that all builds get the same commit of a branch."""
        return await self._graph.once(
            ("git", source, commit),
            lambda: self._graph.wait(
                gits.fetch, source, commit=commit, store=self._store, settings=self._settings
            ),
        )


def _offered(beside: Locked | None) -> frozenset[tuple[str, str, str | None]]:
    """What came from indexes alone, by name, version and index."""
    if beside is None or not all(pin.is_wheel and not gits.commit_of(pin) for pin in beside.pins):
        return frozenset()
    return frozenset((pin.name, pin.version, pin.index) for pin in beside.pins)


def _preferences(case: Case) -> tuple[tuple[str, str], ...]:
    """What was locked before; of what a lock file has in several versions, these."""
    several = {
        (name, entry.version)
        for name, held in case.held.items()
        for each in held
        for entry in each.several
        if entry.version
    }
    names = {name for name, _ in several}
    return tuple(
        sorted({*several, *((name, one) for name, one in case.preferences.items() if name not in names)})
    )


def wrong_hash(pin: Pin, place: Whereabouts) -> Iterator[str]:
    """Say that a file is none of those that it may be; a source from git is known by its commit."""
    allowed = place.hashes.get(pin.name)
    if allowed and not gits.commit_of(pin) and pin.sha256 not in allowed.sha256:
        yield f"{pin.name} {pin.version}: {allowed.label} has other hashes than {pin.filename}'s {pin.sha256}"


def _address(name: str, case: Case) -> str:
    """Where a distribution is, if not on an index: as files of the repository say, or who requires it."""
    if located := case.whereabouts.located.get(name):
        return located
    urls = (each.url for each in map(Requirement, case.terms.requirements) if normalise(each.name) == name)
    # The resolver takes addresses of files from requirements themselves.
    return next((url for url in urls if url and gits.is_git(url)), "")


def _plain(text: str) -> str:
    """A requirement for the resolver, which gets what comes from git or from a path as a wheel."""
    requirement = Requirement(text)
    if not requirement.url or not (gits.is_git(requirement.url) or requirement.url.startswith("file:")):
        return text
    requirement.url = None
    return str(requirement)


def _attributed(error: ResolveError, case: Case) -> ResolveError:
    """Say of an error which of the versions in it a lock file pinned."""
    held, text = case.held, str(error) + error.log
    pinned: dict[tuple[str, str], list[str]] = {}
    for name, all_held in sorted(held.items()):
        for each in all_held:
            if each.limits and (_in(text, name, each) or _is_about(error, name, each)):
                place = f" from {each.provenance}" if each.provenance else ""
                if not allows(each.python, case.python.minor):
                    place += f", and is for Python {each.python} alone"
                pinned.setdefault((each.label, place), []).append(f"{name} {each.version or each.limits}")
    if not pinned:
        return error
    told = (f"{label} pins {', '.join(names)}{place}" for (label, place), names in pinned.items())
    note = f"{'; '.join(told)} (lockfiles = false in layers.toml leaves such files out)"
    faults = []
    for fault in error.faults:
        pins = (each.version for each in held.get(fault.about, ()) if each.version)
        # Where a requirement is what excludes it, whoever made the lock file may have meant to overrule that.
        meant = next(pins, "") if " has no version " in fault.what else ""
        way = f'; if that is meant: overrides = ["{fault.about}=={meant}"]' if meant else ""
        faults.append(replace(fault, hint=f"{fault.hint}; {note}{way}" if fault.hint else note + way))
    return ResolveError.of(faults, log=error.log)


def _is_about(error: ResolveError, name: str, held: Held) -> bool:
    """Whether a fault is that it has no version within limits, those of a lock file among them."""
    return any(fault.about == name and held.limits in fault.what for fault in error.faults)


def _in(text: str, name: str, held: Held) -> bool:
    if not held.version:
        return f"{name}{held.limits}" in text
    return any(f"{name}{sign}{held.version}" in text for sign in ("==", " ", " =="))
