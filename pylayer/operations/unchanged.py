"""What the last run left → the builds that stand as it left them, by files' status alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import selection
from pylayer.state import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.state.opening import WorkspaceState
    from pylayer.state.snapshot import KeptBuild, Snapshot


def kept(
    state: WorkspaceState,
    options: Mapping[str, Any],
    *,
    only: Sequence[str],
    names: Sequence[str],
    by_hash: bool,
) -> dict[str, KeptBuild]:
    """The selected builds, by id, if every one of them stands as the last run left it; else nothing."""
    before = snapshot.load(state)
    if before is None or before.options != options:
        return {}
    if selection.unmatched((*only, *names), before.all_builds):
        return {}
    wanted = selection.chosen(only, before.all_builds) & selection.chosen(names, before.all_builds)
    if not wanted or not wanted <= before.builds.keys():
        return {}
    found = {name: before.builds[name] for name in before.all_builds if name in wanted}
    if not all(snapshot.intact(archive, by_hash=by_hash) for archive in found.values()):
        return {}
    if not snapshot.unchanged(before) or described_otherwise(before):
        return {}
    return found


def described_otherwise(before: Snapshot) -> frozenset[str]:
    """The folders of projects of whose version version control says anything else than `before`."""
    if not before.described:
        return frozenset()
    from pylayer.monorepo import vcs

    return frozenset(
        folder for folder, text in before.described.items() if vcs.describe(Path(folder)) != text
    )
