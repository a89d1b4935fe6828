"""What the last run left → the builds that stand as it left them, by files' status alone, or an edit."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import selection
from pylayer.dataclassing import dataclass
from pylayer.outcomes import Outcome, State
from pylayer.state import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.state.opening import WorkspaceState
    from pylayer.state.snapshot import KeptBuild, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What of the last run's builds stands as it left it, by id: `kept` if it is selected, else `others`.

    `stale` are the ids of the other selected ones; of these nothing is known where nothing stands. `edited`:
    all selected builds are there, and nothing but files of projects is known to have changed.

    `seen` is what the last run saw. Where some of that has changed (`changes` are paths, `moved` folders of
    which version control says something else), all this holds as long as no more of it does, and if a run
    finds the same projects.
    """

    kept: Mapping[str, KeptBuild] = field(default_factory=dict)
    stale: frozenset[str] = frozenset()
    others: Mapping[str, KeptBuild] = field(default_factory=dict)
    seen: Snapshot | None = None
    changes: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    edited: bool = False

    @property
    def all_kept(self) -> bool:
        """Whether there is nothing to do."""
        return bool(self.kept) and not (self.stale or self.changes or self.moved)

    def held(self, now: Snapshot) -> bool:
        """Whether nothing has changed between what was looked at and `now` but what had by then."""
        assert self.seen is not None
        then, changes = self.seen, self.changes
        return (
            all(now.paths.get(path) == status or path in changes for path, status in then.paths.items())
            and all(
                now.unsettled.get(path, text) == text or path in changes
                for path, text in then.unsettled.items()
            )
            and all(
                now.described.get(folder) == text or folder in self.moved
                for folder, text in then.described.items()
            )
        )


def look(
    state: WorkspaceState,
    options: Mapping[str, Any],
    *,
    only: Sequence[str],
    names: Sequence[str],
    by_hash: bool,
) -> Standing:
    """Compare what the last run left with what is there.

    A build stands if its archive does, and all that the projects consist of that were looked at for it.
    """
    before = snapshot.load(state)
    if before is None or before.options != options:
        return Standing()
    if selection.unmatched((*only, *names), before.all_builds):
        return Standing()
    wanted = selection.chosen(only, before.all_builds) & selection.chosen(names, before.all_builds)
    changes = snapshot.changes(before)
    moved = described_otherwise(before)
    if changes or moved:  # what a checkout with changes says is nothing, and says nothing of the next one
        moved |= {folder for folder, text in before.described.items() if not text}
    standing = {name: kept for name, kept in before.builds.items() if snapshot.intact(kept, by_hash=by_hash)}
    edited = wanted <= standing.keys() and not any(Path(path).name in _DECIDES for path in changes)
    changed = _projects_of(changes, moved, before)
    if changed is None:
        return Standing(edited=edited)
    standing = {
        name: kept
        for name, kept in standing.items()
        if changed.isdisjoint(kept.projects) and (kept.tried or not (changes or moved))
    }
    stale = frozenset(wanted - standing.keys())
    # What has to be run to the end of all builds, as the lock is, was not where one had failed.
    if stale and before.builds.keys() != before.all_builds.keys():
        return Standing(edited=edited)
    return Standing(
        kept={name: standing[name] for name in before.all_builds if name in wanted and name in standing},
        stale=stale,
        others={name: kept for name, kept in standing.items() if name not in wanted},
        seen=before,
        changes=frozenset(changes),
        moved=moved,
        edited=edited and bool(stale),
    )


def outcome_of(identifier: str, kept: KeptBuild) -> Outcome:
    """What is told of a build that stands."""
    runtime, _, architecture = identifier.removeprefix(f"{kept.layer}-").rpartition("-")
    return Outcome(
        build=identifier,
        layer=kept.layer,
        runtime=runtime,
        architecture=architecture,
        state=State.CACHED,
        archive=Path(kept.path),
        size=kept.size,
        unzipped_size=kept.unzipped_size,
        sha256=kept.sha256,
        wheels=kept.wheels,
        warnings=kept.warnings,
    )


# What may change more than what one project is made of.
_DECIDES = frozenset({"layers.toml", "layers.lock", "pyproject.toml", "uv.toml", "uv.lock"})


def _projects_of(
    changes: Mapping[str, tuple[str, ...]], moved: frozenset[str], before: Snapshot
) -> frozenset[str] | None:
    """The names of the projects that are made of what changed; None where that may be all of them."""
    if any(not owners or Path(path).name in _DECIDES for path, owners in changes.items()):
        return None
    found = {name for owners in changes.values() for name in owners}
    found.update(name for name, folder in before.projects.items() if folder in moved)
    return frozenset(found)


def described_otherwise(before: Snapshot) -> frozenset[str]:
    """The folders of projects of whose version version control says anything else than `before`."""
    if not before.described:
        return frozenset()
    from pylayer.monorepo import vcs

    return frozenset(
        folder for folder, text in before.described.items() if vcs.describe(Path(folder)) != text
    )
