"""What the last run left → the builds that stand as it left them, by files' status alone, or an edit."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import selection
from pylayer.dataclassing import dataclass
from pylayer.state import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.state.opening import WorkspaceState
    from pylayer.state.snapshot import KeptBuild, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The selected builds, by id, if every one of them is `kept`; else nothing.

    `edited`: all of them are there, and nothing but files of projects is known to have changed.
    """

    kept: Mapping[str, KeptBuild] = field(default_factory=dict)
    edited: bool = False


def look(
    state: WorkspaceState,
    options: Mapping[str, Any],
    *,
    only: Sequence[str],
    names: Sequence[str],
    by_hash: bool,
) -> Standing:
    """Compare what the last run left, of the selected builds, with what is there."""
    before = snapshot.load(state)
    if before is None or before.options != options:
        return Standing()
    if selection.unmatched((*only, *names), before.all_builds):
        return Standing()
    wanted = selection.chosen(only, before.all_builds) & selection.chosen(names, before.all_builds)
    if not wanted or not wanted <= before.builds.keys():
        return Standing()
    found = {name: before.builds[name] for name in before.all_builds if name in wanted}
    if not all(snapshot.intact(archive, by_hash=by_hash) for archive in found.values()):
        return Standing()
    changed = snapshot.changed(before)
    if changed or described_otherwise(before):
        return Standing(edited=not changed or Path(changed).name not in _DECIDES)
    return Standing(kept=found)


# What may change more than what one project is made of.
_DECIDES = frozenset({"layers.toml", "layers.lock", "pyproject.toml", "uv.toml", "uv.lock"})


def described_otherwise(before: Snapshot) -> frozenset[str]:
    """The folders of projects of whose version version control says anything else than `before`."""
    if not before.described:
        return frozenset()
    from pylayer.monorepo import vcs

    return frozenset(
        folder for folder, text in before.described.items() if vcs.describe(Path(folder)) != text
    )
