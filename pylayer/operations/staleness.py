"""Archives that were built → those that are older than what they were made of: no engine, no network.

What `layers` goes by decides: the status of all that its last run saw, and where some of that changed, those
parts of a build's keys that come from files of the monorepo.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pylayer.building.dependencies import providers
from pylayer.building.sources import source_of
from pylayer.building.wheelparts import declared_parts
from pylayer.config.manifest import LOCK_NAME
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, PylayerError
from pylayer.keys import changes
from pylayer.locks import lock as locks
from pylayer.locks.pinning import LockfilePins
from pylayer.locks.sourcing import choices, settings_of
from pylayer.operations.reasons import stated
from pylayer.operations.unchanged import described_otherwise
from pylayer.state import history, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pylayer.archives.catalogue import Catalogue
    from pylayer.config.layers import Build
    from pylayer.keys import Parts
    from pylayer.locks.lock import Lock
    from pylayer.monorepo.workspace import Workspace
    from pylayer.state.opening import WorkspaceState
    from pylayer.state.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Staleness:
    """What changed since each of the `stale` builds was made, by build id.

    Of those that are `unknown` nothing can be told: their archives were made on another machine, or by a run
    before the last. Of those that are `kept` nothing changed that the last run saw.
    """

    stale: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()

    def faults(self, builds: Sequence[Build]) -> list[Fault]:
        """A fault for each layer that has stale ones among `builds`."""
        layers: dict[str, list[str]] = {}
        for build in builds:
            if build.id in self.stale:
                layers.setdefault(build.layer.name, []).append(build.id)
        return [_fault(layer, [*found], self.stale[found[0]]) for layer, found in layers.items()]


def of(found: Workspace, state: WorkspaceState, *, listed: Catalogue, builds: Sequence[Build]) -> Staleness:
    """Compare those of `builds` that are `listed` with the sources as they are now."""
    before = snapshot.load(state)
    moved = described_otherwise(before) if before else frozenset()
    kept = _kept(before, listed) if before and not moved and snapshot.unchanged(before) else frozenset()
    lock = locks.of(found.manifest)
    look = _Look(found, state, lock=lock, moved=moved)
    stale: dict[str, tuple[str, ...]] = {}
    unknown = []
    for build in builds:
        entry = listed.builds.get(build.id)
        if entry is None or build.id in kept:
            continue
        past = history.recall(state, build.id)
        if past is None or past.archive != entry.sha256:
            unknown.append(build.id)
        elif reasons := tuple(look.reasons(build, past.parts)):
            stale[build.id] = reasons
    return Staleness(stale=stale, unknown=tuple(unknown), kept=kept)


def unlocked(found: Workspace, builds: Sequence[Build]) -> dict[str, tuple[str, ...]]:
    """What layers.lock does not answer any more of `builds`, by build id: the next run resolves it anew.

    What is asked of an index changed, or a team's own lock files did. A run elsewhere may see other settings.
    """
    lock = locks.read(found.manifest.root / LOCK_NAME)
    if lock is None or not builds:
        return {}
    moved = [*changes(dict(lock.settings), choices(found, settings_of(found)), name="settings")]
    pinning = LockfilePins(found)
    lines: dict[str, tuple[str, ...]] = {}
    for build in builds:
        if locked := lock.builds.get(build.id):
            lines[build.id] = (*moved, *pinning.against(build, locked))
    return {
        name: tuple(f"layers.lock is stale: {line}" for line in each) for name, each in lines.items() if each
    }


def _kept(before: Snapshot, listed: Catalogue) -> frozenset[str]:
    """The builds that the next `layers` would find to be made, if all that it sees is unchanged."""
    return frozenset(
        name
        for name, one in before.builds.items()
        if name in listed.builds and listed.builds[name].sha256 == one.sha256 and snapshot.intact(one)
    )


class _Look:
    """Looks at what builds would be made of now, each project once."""

    def __init__(self, found: Workspace, state: WorkspaceState, *, lock: Lock, moved: frozenset[str]) -> None:
        self._found = found
        self._state = state
        self._lock = lock
        self._moved = moved
        self._projects: dict[str, tuple[Parts, ...]] = {}

    def reasons(self, build: Build, before: Parts) -> Iterator[str]:
        """What is other now than `before`."""
        try:
            now = stated(build, before, self._found, lock=self._lock, store=self._state.store)
        except PylayerError as error:
            yield error.faults[0].told
            return
        yield from _changes(before, now)
        for name, parts in before["projects"].items():
            yield from self._changed(name, parts)
        for provider in providers(build, self._found):
            past = history.recall(self._state, provider.id)
            if past and any(self.reasons(provider, past.parts)):
                yield f"{provider.layer.name}, which provides for it, changed"

    def _changed(self, name: str, before: Parts) -> Iterator[str]:
        """What is other now of a project."""
        if (project := self._found.projects.get(name)) is None:
            yield f"the project {name} is gone"
            return
        if str(project.path) in self._moved:
            yield f"{name} has another version in version control"
        if name not in self._projects:
            declared, source = declared_parts(project), source_of(project, self._state.hashes)
            self._projects[name] = tuple(
                {**declared, "files": files} for files in (source.own, source.contents)
            )
        # With what tools left behind it is as it was, too, where it was built with that.
        told = [list(_changes(before, now, name=name)) for now in self._projects[name]]
        yield from min(told, key=len)


def _changes(before: Parts, now: Parts, *, name: str = "") -> Iterator[str]:
    """The differences in what another version of pylayer may have known too."""
    both = before.keys() & now.keys()
    yield from changes({part: before[part] for part in both}, {part: now[part] for part in both}, name=name)


def _fault(layer: str, builds: Sequence[str], reasons: Sequence[str]) -> Fault:
    more = f", and {len(reasons) - 1} more changes" if reasons[1:] else ""
    counted = "its archive is" if len(builds) == 1 else f"{len(builds)} of its archives are"
    return Fault(
        what=f"{counted} older than the sources: {reasons[0]}{more}",
        where=layer,
        hint=f"build it again: `pylayer build-layer {layer}`",
    )
