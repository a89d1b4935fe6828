"""Requirements → wheels in the store: as the lock says, else as the resolver finds, which the lock then keeps.

A layer's builds are resolved together, the oldest runtime first: each prefers the versions of those before
it, and where the architectures of one runtime still differ, both are asked again for the lower version.
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from packaging.version import Version

from pylayer import download, resolve, sdists, wheels
from pylayer.errors import DownloadError, LockError, PylayerError
from pylayer.lock import Locked, differences, stale
from pylayer.names import required_name
from pylayer.requirements import Python, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.graph import Graph
    from pylayer.indexes import Settings
    from pylayer.lock import Lock
    from pylayer.manifest import Build, Manifest
    from pylayer.pins import Pin
    from pylayer.pipeline import Wanted
    from pylayer.projects import Place
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel
    from pylayer.workspace import Workspace


class SourceBuilder(Protocol):
    """Builds sdists that may run their build."""

    async def from_sdist(self, path: Path, pin: Pin, *, target: Target) -> Wheel:
        """The wheel of a stored sdist for `target`."""
        ...


class Supply:
    """Third-party wheels for builds and for their build environments, each resolved and fetched once.

    With `locked`, nothing is resolved: what the lock does not answer is a LockError. `sources` is set before
    the first use.
    """

    sources: SourceBuilder

    def __init__(
        self, found: Workspace, *, lock: Lock, settings: Settings, graph: Graph, store: Store, locked: bool
    ) -> None:
        self._workspace = found
        self._before = lock
        self._settings = settings
        self._graph = graph
        self._store = store
        self._locked = locked
        self._fits = dict(lock.settings) == choices(found.manifest, settings)
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self.builds: dict[str, Locked] = {}
        self.environments: dict[str, Locked] = {}

    async def wheels(self, wanted: Sequence[Wanted]) -> Mapping[str, tuple[Wheel, ...] | PylayerError]:
        """By build id, the third-party wheels of one layer's builds, or why there are none."""
        found: dict[str, Locked | PylayerError] = {}
        unknown: list[Wanted] = []
        for want in wanted:
            if not want.requirements:
                found[want.build.id] = Locked(requirements=(), pins=())
            elif (
                known := self._known(self._before.builds.get(want.build.id), want.requirements)
            ) is not None:
                found[want.build.id] = known
            elif self._locked:
                found[want.build.id] = self._stale(want.build.id, want.requirements)
            else:
                unknown.append(want)
        found |= await self._resolved(unknown)
        answers: dict[str, tuple[Wheel, ...] | PylayerError] = {}
        for want in wanted:
            locked = found[want.build.id]
            if isinstance(locked, Locked):
                if locked.requirements:
                    self.builds[want.build.id] = locked
                try:
                    answers[want.build.id] = await self._had(
                        locked, python=Python.of_target(want.build.target), target=want.build.target
                    )
                except PylayerError as error:
                    answers[want.build.id] = error
            else:
                answers[want.build.id] = locked
        return answers

    async def environment(
        self, requirements: Sequence[str], *, target: Target, place: Place
    ) -> tuple[Wheel, ...]:
        """The wheels of build requirements, and of all they need, for the interpreter of `place`."""
        if not requirements:
            return ()
        wanted = tuple(sorted(requirements))
        if place.engine.name == "docker":
            python = Python.of_target(target)
            name = f"{target}: {', '.join(wanted)}"
        else:
            interpreter = place.interpreter
            python = Python(
                version=interpreter.version,
                tags=interpreter.tags,
                label=f"Python {interpreter.version} of this host",
                executable=interpreter.executable,
            )
            name = f"{interpreter.platform}-python3.{interpreter.minor}: {', '.join(wanted)}"
        return await self._graph.once(
            ("environment", name), lambda: self._environment(name, wanted, python=python, target=target)
        )

    async def _environment(
        self, name: str, wanted: tuple[str, ...], *, python: Python, target: Target
    ) -> tuple[Wheel, ...]:
        before = self._before.environments.get(name)
        locked = self._known(before, wanted)
        if locked is None:
            if self._locked:
                raise self._stale(name, wanted)
            preferences = _versions(before) if before else {}
            locked = await self._solved(wanted, python=python, preferences=preferences)
        self.environments[name] = locked
        return await self._had(locked, python=python, target=target)

    def _known(self, before: Locked | None, requirements: tuple[str, ...]) -> Locked | None:
        """A lock's entry, where it stands for these requirements."""
        return before if self._fits and before and before.requirements == requirements else None

    def _stale(self, name: str, requirements: tuple[str, ...]) -> LockError:
        entries = {**self._before.builds, **self._before.environments}
        changed = list(differences(entries.get(name), requirements))
        return stale({name: changed or ["the settings of the resolver are others"]})

    async def _resolved(self, unknown: Sequence[Wanted]) -> dict[str, Locked | PylayerError]:
        """Resolve the builds of one layer for the same versions, as far as that goes."""
        found: dict[str, Locked | PylayerError] = {}
        ordered = sorted(unknown, key=lambda want: (want.build.target.runtime.minor, want.build.id))
        preferences: dict[str, str] = {}
        for want in ordered:
            if before := self._before.builds.get(want.build.id):
                preferences = _versions(before) | preferences
        for _, group in groupby(ordered, key=lambda want: want.build.target.runtime.minor):
            wants = list(group)
            for want in wants:
                found[want.build.id] = await self._attempt(want, preferences=preferences, constraints=())
                if isinstance(one := found[want.build.id], Locked):
                    preferences = _versions(one) | preferences
            found |= await self._aligned(wants, found)
        return found

    async def _aligned(
        self, wants: Sequence[Wanted], found: Mapping[str, Locked | PylayerError]
    ) -> dict[str, Locked | PylayerError]:
        """Resolve one runtime's builds again, at the lowest version of each distribution in which they differ."""
        solved = [one for want in wants if isinstance(one := found[want.build.id], Locked)]
        versions: dict[str, set[str]] = {}
        for one in solved:
            for name, version in _versions(one).items():
                versions.setdefault(name, set()).add(version)
        lowest = {name: min(each, key=Version) for name, each in versions.items() if len(each) > 1}
        if not lowest:
            return {}
        constraints = tuple(f"{name}=={version}" for name, version in sorted(lowest.items()))
        again = {
            want.build.id: await self._attempt(want, preferences={}, constraints=constraints)
            for want in wants
            if isinstance(found[want.build.id], Locked)
        }
        # Where that does not go, each keeps the newest that it can have.
        return {} if any(isinstance(one, PylayerError) for one in again.values()) else again

    async def _attempt(
        self, want: Wanted, *, preferences: Mapping[str, str], constraints: tuple[str, ...]
    ) -> Locked | PylayerError:
        try:
            return await self._solved(
                want.requirements,
                python=Python.of_target(want.build.target),
                preferences=preferences,
                constraints=constraints,
                build=want.build,
            )
        except PylayerError as error:
            return error

    async def _solved(
        self,
        requirements: tuple[str, ...],
        *,
        python: Python,
        preferences: Mapping[str, str],
        constraints: tuple[str, ...] = (),
        build: Build | None = None,
    ) -> Locked:
        """Ask the resolver; what is built from source is a wheel for it, and an sdist for the lock."""
        names = {*self._workspace.projects, *(build.layer.exclude if build else ())}
        provided: dict[str, tuple[Pin, Wheel]] = {}
        if build:
            for name in build.layer.build_from_source:
                provided[name] = await self._from_source(name, requirements, python=python, build=build)
        request = Request(
            requirements=requirements,
            constraints=constraints,
            excludes=tuple(sorted(names)),
            provided=tuple(wheel for _, wheel in provided.values()),
            preferences=tuple(sorted(preferences.items())),
        )
        pins = await self._graph.wait(resolve.resolve, request, python=python, settings=self._settings)
        kept = tuple(provided[pin.name][0] if pin.name in provided else pin for pin in pins)
        return Locked(requirements=requirements, pins=kept)

    async def _from_source(
        self, name: str, requirements: tuple[str, ...], *, python: Python, build: Build
    ) -> tuple[Pin, Wheel]:
        asked = [text for text in requirements if required_name(text) == name]
        pin = await self._graph.wait(
            sdists.sdist, name, python=python, settings=self._settings, constraints=asked
        )
        return pin, await self._built(pin, python=python, target=build.target)

    async def _had(self, locked: Locked, *, python: Python, target: Target) -> tuple[Wheel, ...]:
        """The wheels of a lock's entry, fetched where the store lacks them, built where they are sdists."""
        missing = [pin for pin in locked.pins if not await self._graph.compute(self._store.blob, pin.sha256)]
        await self._fetch(missing, python=python)
        return tuple([await self._wheel(pin, python=python, target=target) for pin in locked.pins])

    async def _fetch(self, pins: Sequence[Pin], *, python: Python) -> None:
        """Have the files of `pins` in the store; what another build fetches already is waited for."""
        new = [pin for pin in pins if pin.sha256 not in self._fetching]
        if new:
            task = asyncio.create_task(self._fetched(new, python=python))
            self._fetching |= {pin.sha256: task for pin in new}
        for task in {self._fetching[pin.sha256] for pin in pins}:
            try:
                await asyncio.shield(task)
            except DownloadError:
                if not all(self._store.blob(pin.sha256) for pin in pins):
                    raise

    async def _fetched(self, pins: Sequence[Pin], *, python: Python) -> None:
        addressed = {pin.sha256: pin for pin in pins}
        if unknown := [pin for pin in pins if not pin.url]:
            refound = await self._graph.wait(resolve.refind, unknown, python=python, settings=self._settings)
            addressed |= {pin.sha256: pin for pin in refound}
        await self._graph.wait(
            download.fetch, list(addressed.values()), store=self._store, settings=self._settings
        )

    async def _wheel(self, pin: Pin, *, python: Python, target: Target) -> Wheel:
        if not pin.is_wheel:
            return await self._built(pin, python=python, target=target)
        return await self._graph.once(
            ("distribution", pin.sha256), lambda: self._graph.compute(self._read, pin)
        )

    async def _built(self, pin: Pin, *, python: Python, target: Target) -> Wheel:
        if not await self._graph.compute(self._store.blob, pin.sha256):
            await self._fetch([pin], python=python)
        path = self._store.blob(pin.sha256)
        assert path is not None
        return await self.sources.from_sdist(path, pin, target=target)

    def _read(self, pin: Pin) -> Wheel:
        """What a stored wheel says, read from it once."""
        path = self._store.blob(pin.sha256)
        if path is None:
            raise DownloadError(f"{pin.filename} was damaged in the store", hint="run the same command again")
        if record := self._store.record("distribution", pin.sha256):
            return wheels.from_json(record, path)
        wheel = wheels.read(path, filename=pin.filename, sha256=pin.sha256)
        self._store.put_record("distribution", pin.sha256, wheels.to_json(wheel))
        return wheel


def choices(manifest: Manifest, settings: Settings) -> dict[str, Any]:
    """What decides a resolution besides requirements: for the lock, without any address."""
    del manifest
    return {name: value for name, value in settings.key().items() if value and value != "first-index"}


def _versions(locked: Locked) -> dict[str, str]:
    return {pin.name: pin.version for pin in locked.pins}
