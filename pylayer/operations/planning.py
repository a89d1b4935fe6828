"""What a manifest has and the last runs left → the state of each build: no engine, no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.archives import catalogue
from pylayer.monorepo import workspace
from pylayer.operations import affected, staleness
from pylayer.operations.inturn import in_turn, several
from pylayer.operations.results import Plan, PlannedBuild
from pylayer.outcomes import State
from pylayer.state import endings, opening

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any

    from pylayer.archives.catalogue import CatalogueEntry
    from pylayer.config.layers import Build
    from pylayer.operations.results import BuildState
    from pylayer.operations.staleness import Staleness
    from pylayer.outcomes import Reporter
    from pylayer.state.endings import Ending

_ELSEWHERE = "made on another machine, or by an earlier run than is known of here"


def plan(
    manifest: str | os.PathLike[str],
    *,
    only: str | Sequence[str] = (),
    layers: str | Sequence[str] = (),
    affected_since: str = "",
    reporter: Reporter | None = None,
) -> Plan:
    """Find out what of the builds that are chosen is up to date, and what a change touches.

    `only` and `layers` choose as for `build`. `affected_since` is a commit (a branch, a tag, or `REF...` for
    where HEAD left it): the plan then has only builds whose archives may be others since then, and why. Asks
    neither an engine nor a network, and writes nothing into the repository.

    Raises ManifestError, UsageError (a name or a commit that means nothing), StoreError.
    """
    with in_turn(reporter) as told:
        found = workspace.load(Path(manifest), warn=told.warn)
        selected = workspace.select(found.builds, several(only), layers=several(layers))
        output = found.manifest.output
        there = catalogue.read(output / catalogue.NAME)
        with opening.opened(found.manifest, note=told.note) as state:
            since = None
            if affected_since:
                since = affected.of(found, affected_since, state=state)
                counted, asked = len(selected), affected_since
                selected = tuple(build for build in selected if build.id in since.reasons)
                for line in affected.told(since, selected, of=counted, ref=asked):
                    told.note(line)
            stale = staleness.of(found, state, listed=there, builds=selected)
            unlocked = staleness.unlocked(found, [build for build in selected if build.id not in stale.kept])
            planned = [
                _planned(
                    build,
                    there.builds.get(build.id),
                    output=output,
                    stale=stale,
                    unlocked=unlocked.get(build.id, ()),
                    ending=endings.recall(state, build.id),
                    touched=since.reasons[build.id] if since else (),
                )
                for build in selected
            ]
    return Plan(builds=tuple(planned), commit=since.commit if since else "", gone=since.gone if since else ())


def _planned(
    build: Build,
    entry: CatalogueEntry | None,
    *,
    output: Path,
    stale: Staleness,
    unlocked: tuple[str, ...],
    ending: Ending | None,
    touched: tuple[str, ...],
) -> PlannedBuild:
    changed = (*stale.stale.get(build.id, ()), *unlocked)
    state, reasons = _state(build, entry, output=output, stale=stale, changed=changed, ending=ending)
    facts: Mapping[str, Any] = {}
    if entry:
        facts = {
            "archive": output / entry.path,
            "size": entry.size,
            "unzipped_size": entry.unzipped_size,
            "sha256": entry.sha256,
            "wheels": len(entry.distributions),
        }
    return PlannedBuild(
        **build.words,
        projects=build.layer.projects,
        state=state,
        reasons=reasons,
        affected=touched,
        **facts,
    )


def _state(
    build: Build,
    entry: CatalogueEntry | None,
    *,
    output: Path,
    stale: Staleness,
    changed: tuple[str, ...],
    ending: Ending | None,
) -> tuple[BuildState, tuple[str, ...]]:
    """What a build's archive is, and why."""
    if entry is None:
        match ending.state if ending else None:
            case State.FAILED | State.SKIPPED as ended:
                assert ending is not None
                return "failed" if ended is State.FAILED else "skipped", ending.told
            case None:
                return "never built", ()
            case _:
                return "stale", ("layers.json has it no more",)
    archive = output / entry.path
    told: tuple[str, ...] = ()
    if not archive.is_file():
        told = ("its archive is gone",)
    elif archive.stat().st_size != entry.size:
        told = ("its archive was altered",)
    if reasons := (*told, *changed):
        return "stale", reasons
    return ("unknown", (_ELSEWHERE,)) if build.id in stale.unknown else ("fresh", ())
