"""A choice of builds → its exit status: what did not change is known by files' status, the rest is built."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import envtable, selection
from pylayer.console import Detail
from pylayer.errors import MIXED, NeedsDockerError, UsageError
from pylayer.state import opening, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.console import Console
    from pylayer.outcomes import Outcome
    from pylayer.state.opening import WorkspaceState
    from pylayer.state.snapshot import KeptBuild, Snapshot

MANIFEST_NAME = "layers.toml"


def build(
    lines: Console,
    *,
    manifest: Path | None = None,
    only: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    engine: str = "",
    jobs: int = 0,
    strict: bool = False,
    locked: bool = False,
    verify_outputs: bool = False,
    detail: Detail = Detail.NORMAL,
) -> int:
    """Build what both `only` and `names` choose (either may be empty: all); returns the exit status.

    Where nothing changed since the last run, nothing but files' status is looked at. With `locked`, a lock
    that does not answer everything is an error.
    """
    started = time.perf_counter()
    lines.detail = detail
    lines.repeats = True
    path = manifest or nearest(Path.cwd())
    lines.root = path.absolute().parent
    options = snapshot.options(engine=engine, locked=locked)
    state = opening.glance(path, note=lines.note)
    kept = _kept(state, options, only=only, names=names, by_hash=verify_outputs)
    if kept:
        for identifier, archive in kept.items():
            lines.cached(identifier, wheels=archive.wheels, size=archive.size)
        lines.attention({identifier: archive.warnings for identifier, archive in kept.items()})
        seconds = time.perf_counter() - started
        lines.total(f"{len(kept)} cached", seconds=seconds)
        if lines.answers:
            from pylayer.commands import endanswers

            lines.answer(0, endanswers.of_kept(kept, seconds=seconds))
        return 0
    from pylayer.activity import Activity
    from pylayer.commands import builds

    activity = Activity()
    with lines.following(activity):
        outcomes = builds.run(
            path,
            only=only,
            names=names,
            engine=engine,
            jobs=jobs,
            locked=locked,
            options=options,
            reporter=lines,
            activity=activity,
        )
    seconds = time.perf_counter() - started
    lines.summary(outcomes, seconds=seconds)
    if envtable.on_github():
        from pylayer.commands import stepsummary

        stepsummary.write(path, outcomes)
    ended = status(outcomes, strict=strict or envtable.in_ci())
    if lines.answers:
        from pylayer.commands import endanswers

        lines.answer(ended, endanswers.of_outcomes(outcomes, seconds=seconds))
    return ended


def detail(*, verbose: bool, quiet: bool) -> Detail:
    """How much is to be told; raises UsageError for both."""
    if verbose and quiet:
        raise UsageError("--verbose and --quiet exclude each other", hint="leave one of them out")
    return Detail.VERBOSE if verbose else Detail.QUIET if quiet else Detail.NORMAL


def status(outcomes: Sequence[Outcome], *, strict: bool) -> int:
    """The exit status of a run: that of its one kind of failure, or of a mix.

    What was skipped for want of Docker counts where `strict`.
    """
    codes = {
        outcome.error.exit_code
        for outcome in outcomes
        if outcome.error and (strict or not isinstance(outcome.error, NeedsDockerError))
    }
    return codes.pop() if len(codes) == 1 else (MIXED if codes else 0)


def _kept(
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
    kept = {identifier: before.builds[identifier] for identifier in before.all_builds if identifier in wanted}
    if not all(snapshot.intact(archive, by_hash=by_hash) for archive in kept.values()):
        return {}
    if not snapshot.unchanged(before) or described_otherwise(before):
        return {}
    return kept


def described_otherwise(before: Snapshot) -> frozenset[str]:
    """The folders of projects of whose version version control says anything else than `before`."""
    if not before.described:
        return frozenset()
    from pylayer.monorepo import vcs

    return frozenset(
        folder for folder, text in before.described.items() if vcs.describe(Path(folder)) != text
    )


def nearest(start: Path) -> Path:
    """The layers.toml of a folder or of one above it, without importing what reads it.

    ManifestError where there is none.
    """
    for folder in (start, *start.parents):
        if (folder / MANIFEST_NAME).is_file():
            return folder / MANIFEST_NAME
    from pylayer.config import manifest

    return manifest.find(start)
