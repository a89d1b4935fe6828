"""Locked distributions → their wheels: from the store, else fetched by hash; sources are built."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from pylayer import wheels
from pylayer.errors import DownloadError
from pylayer.graph import together
from pylayer.index import gits
from pylayer.names import normalise
from pylayer.store.kinds import DISTRIBUTION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Hashable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.building.context import RunContext
    from pylayer.building.projects import Projects
    from pylayer.index.gits import Origin
    from pylayer.index.indexes import IndexSettings
    from pylayer.index.pins import Pin
    from pylayer.locks.lock import Locked
    from pylayer.resolver.requirements import ResolverPython
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

    Fetching = tuple[Hashable, Callable[[], Coroutine[None, None, None]]]  # a step, and what it does


_LONGEST_REASON = 200  # characters


class Fetcher:
    """Files of distributions, each fetched once. `builder` builds sdists; it is set before the first use."""

    builder: Projects

    def __init__(self, context: RunContext, *, settings: IndexSettings) -> None:
        self._settings = settings
        self._graph = context.graph
        self._store = context.store
        self._files = context.files
        self._note = context.note
        self._fetching: dict[str, Fetching] = {}  # by sha256
        self._told: set[tuple[str, str]] = set()

    async def wheels(
        self,
        locked: Locked,
        *,
        python: ResolverPython,
        target: Target,
        located: Mapping[str, str],
        before: Callable[[], None] = lambda: None,
    ) -> tuple[Wheel, ...]:
        """The wheels of a lock's entry; `located` are direct references by name, which it does not hold.

        Where something is to be fetched, `before` is called first.
        """
        addresses = Addresses(locked.terms.requirements, located, extras=locked.terms.extras)
        here = [pin for pin in locked.pins if not self._is_known(pin)]
        found = await together([self._graph.compute(self._store.blob, pin.sha256) for pin in here])
        missing = [pin for pin, path in zip(here, found, strict=True) if not path]
        if missing:
            before()
        await self._fetch(missing, python=python, addresses=addresses)
        pins = {pin.sha256: pin for pin in locked.pins}

        async def fetch(sha256s: Sequence[str]) -> None:
            await self._fetch([pins[each] for each in sha256s], python=python, addresses=addresses)

        if self._files.lazy:
            self._files.promise((pin.sha256 for pin in locked.pins if self._is_known(pin)), fetch)
        return tuple(
            await together(
                [self._wheel(pin, python=python, target=target, addresses=addresses) for pin in locked.pins]
            )
        )

    def _is_known(self, pin: Pin) -> bool:
        """Whether all is known of a wheel that is not here yet."""
        return (
            self._files.lazy
            and pin.is_wheel
            and not self._store.is_here(pin.sha256)
            and self._store.record(DISTRIBUTION, pin.sha256) is not None
        )

    def warn(self, pins: Iterable[Pin]) -> None:
        """Tell once of each distribution that its index says is yanked, where one was asked of it."""
        for pin in pins:
            if pin.yanked is not None and (pin.name, pin.version) not in self._told:
                self._told.add((pin.name, pin.version))
                self._note(f"warning: {yanked(pin.name, pin.version, pin.yanked)}")

    async def built(self, pin: Pin, *, python: ResolverPython, target: Target, addresses: Addresses) -> Wheel:
        """The wheel of a source."""
        if not await self._graph.compute(self._store.blob, pin.sha256):
            await self._fetch([pin], python=python, addresses=addresses)
        path = self._store.blob(pin.sha256)
        assert path is not None
        return await self.builder.from_sdist(path, pin, target=target)

    async def _fetch(self, pins: Sequence[Pin], *, python: ResolverPython, addresses: Addresses) -> None:
        """Have the files of `pins` in the store; what another build fetches already is waited for."""
        new = [pin for pin in pins if pin.sha256 not in self._fetching]
        if new:
            more = f" and {len(new) - 1} more" if new[1:] else ""
            step = ("download", f"{new[0].name} {new[0].version}{more}", new[0].sha256)
            fetched = partial(self._fetched, new, python=python, addresses=addresses)
            self._fetching |= dict.fromkeys((pin.sha256 for pin in new), (step, fetched))
        for key, fetch in dict.fromkeys(self._fetching[pin.sha256] for pin in pins):
            try:
                await self._graph.once(key, fetch)
            except DownloadError:
                if not all(self._store.blob(pin.sha256) for pin in pins):
                    raise

    async def _fetched(self, pins: Sequence[Pin], *, python: ResolverPython, addresses: Addresses) -> None:
        addressed = {pin.sha256: addresses.stated(pin) for pin in pins}
        for pin in list(addressed.values()):
            if origin := addresses.origin(pin):
                commit = gits.commit_of(pin)
                await self._graph.wait(
                    gits.fetch, origin, commit=commit, store=self._store, settings=self._settings
                )
                del addressed[pin.sha256]
        if unknown := [pin for pin in addressed.values() if not pin.url]:
            from pylayer.resolver import resolve

            settings = self._settings.where(python.markers, extras=addresses.extras)
            refound = await self._graph.compute(resolve.refind, unknown, python=python, settings=settings)
            addressed |= {pin.sha256: pin for pin in refound}
            self.warn(refound)
        from pylayer.index import download

        await self._graph.wait(
            download.fetch,
            list(addressed.values()),
            store=self._store,
            settings=self._settings,
            processor=self._graph.processors.one,
        )
        if lost := [pin for pin in pins if not self._store.blob(pin.sha256)]:
            raise DownloadError(
                f"the commit {gits.commit_of(lost[0])} no longer has the files that were locked",
                where=lost[0].name,
                hint=f"find out why before trusting it; `pylayer lock --upgrade {lost[0].name}` accepts them",
            )

    async def _wheel(
        self, pin: Pin, *, python: ResolverPython, target: Target, addresses: Addresses
    ) -> Wheel:
        if not pin.is_wheel:
            return await self.built(pin, python=python, target=target, addresses=addresses)
        return await self._graph.once(
            ("distribution", pin.sha256), lambda: self._graph.compute(self._read, pin)
        )

    def _read(self, pin: Pin) -> Wheel:
        """What a stored wheel says, read from it once."""
        if self._is_known(pin):
            path: Path | None = self._store.place(pin.sha256)
        else:
            path = self._store.blob(pin.sha256)
        if path is None:
            raise DownloadError(f"{pin.filename} was damaged in the store", hint="run the same command again")
        if record := self._store.record(DISTRIBUTION, pin.sha256):
            return wheels.from_json(record, path)
        wheel = wheels.read(path, filename=pin.filename, sha256=pin.sha256)
        self._store.put_record(DISTRIBUTION, pin.sha256, wheels.to_json(wheel))
        return wheel


def yanked(name: str, version: str, reason: str) -> str:
    """Say that a version is yanked (PEP 592), why if it is known, and what to do."""
    why = f" ({' '.join(reason.split())[:_LONGEST_REASON]})" if reason else ""
    what = f"`pylayer lock --upgrade={name}` takes another, where nothing pins it"
    return f"{name} {version} is yanked{why}: {what}"


class Addresses:
    """The addresses that requirements themselves state, which a lock does not repeat, or others in place.

    `extras` are those of packages that decide which index has what has no address.
    """

    def __init__(
        self,
        requirements: Iterable[str],
        located: Mapping[str, str] | None = None,
        *,
        extras: Collection[str] = (),
    ) -> None:
        self.extras = extras
        direct = [Requirement(text) for text in requirements if "@" in text]
        stated = {normalise(reference.name): reference.url for reference in direct if reference.url}
        self._urls: Mapping[str, str] = {**stated, **(located or {})}

    def origin(self, pin: Pin) -> Origin | None:
        """The repository of a distribution that is required from git."""
        url = self._urls.get(pin.name, "")
        return gits.origin(pin.name, url) if gits.is_git(url) else None

    def stated(self, pin: Pin) -> Pin:
        """A pin with the address that a requirement states for it, where it has none."""
        url = self._urls.get(pin.name, "")
        return replace(pin, url=url.partition("#")[0]) if url and not pin.url else pin
