"""A run with a shared store → what that gives it, and what it adds there."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import envtable
from pylayer.amounts import size_text
from pylayer.answers import SharedAnswer
from pylayer.config.caching import address
from pylayer.errors import ManifestError, UsageError
from pylayer.remote import scopes
from pylayer.remote.bucket import Bucket, BucketError
from pylayer.remote.scopes import ScopeError
from pylayer.remote.shared import Area, SharedStore
from pylayer.statements import envelopes
from pylayer.tables import take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pylayer.config.layers import Build
    from pylayer.config.manifest import Manifest
    from pylayer.errors import Fault
    from pylayer.remote.packs import RecordName
    from pylayer.statements.envelopes import Signer
    from pylayer.store import Store

_KEYS = "layers.toml: cache.keys"


class Sharing:
    """The shared store of one run, and the key with which it adds to it, if it has one."""

    def __init__(self, shared: SharedStore, *, signer: Signer | None, note: Callable[[str], None]) -> None:
        self.shared = shared
        self._signer = signer
        self._note = note

    @property
    def adds(self) -> bool:
        """Whether this run can add to it."""
        return self._signer is not None

    def end(self, store: Store, builds: Sequence[Build], *, of: int, well: bool) -> None:
        """Tell what came from there; where all `builds` ended `well`, of as many as there are, add to it."""
        if told := self.shared.summary():
            self._note(told)
        if self._signer and well:
            names = [build.id for build in builds]
            self.shared.share(store, self._signer, builds=names, complete=len(names) == of)

    def end_share(self, store: Store, name: str) -> None:
        """Tell what came from there, and add what a share of the wheels came to, under a name of its own."""
        if told := self.shared.summary():
            self._note(told)
        if self._signer:
            self.shared.share(store, self._signer, builds=(), complete=False, name=name)


def place(manifest: Manifest) -> str:
    """Where the shared store is; empty where there is none. Raises ManifestError."""
    if (named := os.environ.get(envtable.REMOTE_CACHE)) is None:
        return manifest.cache.remote
    faults: list[Fault] = []
    found = take(address, named, default="", faults=faults, place=envtable.REMOTE_CACHE) if named else ""
    if faults:
        raise ManifestError.of(faults)
    return found


def scope_of_run() -> str:
    """Name the part of the shared store that this run adds to; raises UsageError."""
    try:
        return scopes.of(os.environ)
    except ScopeError as error:
        raise UsageError(str(error), where=envtable.CACHE_SCOPE) from error


@contextmanager
def opened(manifest: Manifest, *, note: Callable[[str], None]) -> Iterator[SharedStore | None]:
    """Read what the shared store of a manifest has; None where there is none.

    Raises ManifestError for settings that are no good, ToolError where an extra is not installed.
    """
    if not (where := place(manifest)):
        yield None
        return
    if not manifest.cache.keys and not manifest.cache.remote:
        note(f"{envtable.REMOTE_CACHE} is not used: layers.toml has no cache.keys")
        yield None
        return
    if not manifest.cache.keys:
        raise ManifestError(
            "there are none, by which records of the shared store could be believed",
            where=_KEYS,
            hint="make a pair of keys, and write the public one there (docs/many-machines.md)",
        )
    try:
        bucket = Bucket(where)
    except BucketError as error:
        note(f"the shared store {error}: this run goes on without it")
        yield None
        return
    shared = SharedStore(bucket, areas=_areas(manifest), note=note)
    try:
        shared.open()
        yield shared
    finally:
        shared.close()


def _areas(manifest: Manifest) -> list[Area]:
    """The parts of the shared store that this run reads; the last is what it adds to."""
    areas = [Area.of_main(manifest.cache.keys)]
    if (scope := scope_of_run()).startswith("pr/"):
        areas.append(Area.of_scope(scope, (*manifest.cache.keys, *manifest.cache.pull_request_keys)))
    return areas


def _not_adding(manifest: Manifest, signer: Signer) -> str:
    """Why what this key signs is of no use there; empty where it is."""
    if scope_of_run() == scopes.NONE:
        return "this is neither the main branch nor a pull request"
    if not envelopes.is_of(signer, _areas(manifest)[-1].keys, where="cache.keys"):
        return f"layers.toml has not the public key of {envtable.CACHE_KEY}, so nobody would believe it"
    return ""


def records(manifest: Manifest, *, note: Callable[[str], None]) -> Mapping[RecordName, Any]:
    """All records that the shared store has; none where there is no such store. Raises as `opened`."""
    with opened(manifest, note=note) as shared:
        if shared is None:
            note("there is no shared store: layers.toml has no cache.remote")
            return {}
        return shared.records


def usage(
    manifest: Manifest, *, say: Callable[[str], None], note: Callable[[str], None]
) -> SharedAnswer | None:
    """Say how much the shared store has; None where there is no such store, or it does not answer."""
    with opened(manifest, note=note) as shared:
        if shared is None:
            say("shared store: none")
            return None
        try:
            sizes = shared.sizes()
        except BucketError as error:
            say(f"shared store: {error}")
            return None
        files, packs = (
            {path: size for path, size in sizes.items() if path.startswith(start)}
            for start in ("blobs/", "packs/")
        )
        answer = SharedAnswer(
            place=place(manifest),
            files=len(files),
            size=sum(files.values()),
            packs=len(packs),
            packs_size=sum(packs.values()),
            builds=sorted(shared.heads),
            records=len(shared.records),
        )
        say(
            f"shared store  {size_text(answer['size'])} in {len(files)} files, "
            f"{size_text(answer['packs_size'])} in {len(packs)} packs  ({answer['place']})"
        )
        for name, head in sorted(shared.heads.items()):
            say(f"  {name}: added {head.written}")
        return answer


@contextmanager
def of_run(manifest: Manifest, store: Store, *, note: Callable[[str], None]) -> Iterator[Sharing | None]:
    """Put the shared store behind that of this machine for one run; raises as `opened`."""
    named = os.environ.get(envtable.CACHE_KEY)
    signer = envelopes.signer(Path(named), where=envtable.CACHE_KEY) if named and place(manifest) else None
    if signer and (reason := _not_adding(manifest, signer)):
        note(f"nothing is added to the shared store: {reason}")
        signer = None
    with opened(manifest, note=note) as shared:
        store.behind = shared
        try:
            yield Sharing(shared, signer=signer, note=note) if shared else None
        finally:
            store.behind = None
