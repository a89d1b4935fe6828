"""The lock as it was, and what a run may do to it → which entries stand, and what stays of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement

from pylayer.dataclassing import dataclass
from pylayer.index import gits
from pylayer.index.indexes import display
from pylayer.keys import changes
from pylayer.locks.lock import differences
from pylayer.locks.lockresolver import wrong_hash
from pylayer.locks.pinning import other_versions
from pylayer.names import normalise, required_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pylayer.building.dependencies import Wanted
    from pylayer.index.pins import Pin
    from pylayer.locks.lock import Lock, Locked, Terms
    from pylayer.locks.lockresolver import Case
    from pylayer.monorepo.workspace import Workspace


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


class StandingLock:
    """What of the lock `before` a run stands, as its `policy` has it.

    `settings` are those of today that decide a resolution, as the lock keeps them.
    """

    def __init__(
        self, found: Workspace, *, before: Lock, settings: Mapping[str, Any], policy: Policy
    ) -> None:
        self.before = before
        self.policy = policy
        self._workspace = found
        ours = {build.id for build in found.builds} if before.builds else set()
        self._gone = {name: locked for name, locked in before.builds.items() if name not in ours}
        self._moved = tuple(changes(dict(before.settings), dict(settings), name="settings"))

    def reasons(
        self, before: Locked | None, case: Case, *, given: Mapping[str, str] | None = None
    ) -> Iterator[str]:
        """Why an entry of the lock does not stand; nothing where it does."""
        yield from differences(before, case.terms)
        if before is None:
            return
        if self._moved or before.stale:
            yield from self._moved or ["settings changed since it was resolved"]
        for pin in before.pins:
            if self.policy.moves(pin.name):
                yield f"{pin.name} is to be upgraded"
            if pin.name in self._workspace.projects:
                yield f"{pin.name} is a project of the monorepo"
            yield from other_versions(pin, case.held)
            yield from wrong_hash(pin, case.whereabouts)
            yield from _misplaced(pin, case)
            if given and given.get(pin.name, pin.version) != pin.version:
                yield f"{pin.name} {pin.version}: the layer that provides it has {given[pin.name]}"

    def kept(self, before: Locked | None) -> dict[str, str]:
        """The versions of an entry that are to stay where they can."""
        versions = before.versions if before else {}
        return {name: version for name, version in versions.items() if not self.policy.moves(name)}

    def commits(self, before: Locked | None, terms: Terms) -> dict[str, str]:
        """The commits at which sources from git were locked, and stay while their address does.

        What only others require has its address in the settings alone.
        """
        if before is None:
            return {}
        was, now = _addresses(before.terms), _addresses(terms)
        found = {
            pin.name: gits.commit_of(pin)
            for pin in before.pins
            if not self.policy.moves(pin.name) and was.get(pin.name) == now.get(pin.name)
            if pin.name in now or not self._moved
        }
        return {name: commit for name, commit in found.items() if commit}

    def preferred(self, wanted: Sequence[Wanted], *, minor: int | None = None) -> dict[str, str]:
        """The locked versions of some builds, then of others of their layer, for one `minor` or for all."""
        layers = {want.build.layer.name for want in wanted}
        siblings = [
            build.id
            for layer in sorted(layers)
            for build in self._workspace.of_layers[layer]
            if minor in {None, build.target.runtime.minor}
        ]
        preferences: dict[str, str] = {}
        for name in (*(want.build.id for want in wanted), *siblings):
            preferences = self.kept(self.before.builds.get(name)) | preferences
        for want in wanted:
            preferences = self.kept(self.predecessor(want)) | preferences
        return preferences

    def predecessor(self, want: Wanted) -> Locked | None:
        """What the lock has of a build that is gone, of a new layer that may have taken its place.

        A layer that was renamed, as with its package, keeps its versions as any other does: that of the build
        for the same target with which it has most in common.
        """
        ours = {build.id for build in self._workspace.of_layers[want.build.layer.name]}
        if not ours.isdisjoint(self.before.builds):
            return None
        needs = set(map(required_name, want.requirements))
        likely = [
            (len(needs.intersection(map(required_name, locked.terms.requirements))), name)
            for name, locked in self._gone.items()
            if name.endswith(f"-{want.build.target}")
        ]
        common, name = max(likely, default=(0, ""))
        return self.before.builds[name] if common else None


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


def _addresses(terms: Terms) -> dict[str, str]:
    """The direct references in requirements, by name."""
    found = map(Requirement, (text for text in terms.requirements if "@" in text))
    return {normalise(each.name): each.url for each in found if each.url}
