"""A choice of builds → whether their archives work, each tried as Lambda would."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.activity import Activity
from pylayer.archives import catalogue
from pylayer.errors import NeedsDockerError, PylayerError
from pylayer.monorepo import workspace
from pylayer.operations.inturn import following, in_turn, several
from pylayer.operations.results import VerifyReport
from pylayer.state import opening
from pylayer.trials import Tried
from pylayer.verification import verifying

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from pylayer.outcomes import Reporter
    from pylayer.verification.verify import Verdict
    from pylayer.verification.verifying import Planned


def verify(
    manifest: str | os.PathLike[str],
    *,
    only: str | Sequence[str] = (),
    engine: str = "",
    again: bool = False,
    reporter: Reporter | None = None,
) -> VerifyReport:
    """Import what is in archives, and run handlers, as Lambda would: in its image, where there is Docker.

    `only` and `engine` are as for `build`. Sets of layers are tried together, if all their builds are chosen.
    What worked before and has not changed is only tried again with `again`. What does not work is in the
    report, whose `raise_for_errors` raises it.

    Raises ManifestError, UsageError, EngineError (nothing that could try them), StoreError.
    """
    tried: list[Tried] = []
    with in_turn(reporter) as told:
        activity = Activity(note=told.note)
        with following(told, activity):
            found = workspace.load(Path(manifest))
            selected = workspace.select(found.builds, several(only))
            there = catalogue.read(found.manifest.output / catalogue.NAME).builds
            built = [build for build in selected if build.id in there]
            with opening.opened(found.manifest, note=told.note) as state:
                ends = verifying.tried(
                    found, built, engine=engine, again=again, store=state.store, note=told.note
                )
                with closing(ends):
                    for planned, end in ends:
                        tried.append(_tried(planned, end))
                        told.tried(tried[-1])
    return VerifyReport(
        tried=tuple(tried), missing=tuple(build.id for build in selected if build.id not in there)
    )


def _tried(planned: Planned, end: Verdict | PylayerError) -> Tried:
    name, builds = planned.smoke_test.name, tuple(build.id for build in planned.builds)
    if isinstance(end, PylayerError):
        skipped = isinstance(end, NeedsDockerError)
        return Tried(name=name, builds=builds, state="skipped" if skipped else "failed", error=end)
    return Tried(
        name=name,
        builds=builds,
        state="works",
        python=end.python,
        imports=end.imports,
        invoked=end.invoked,
        notes=end.notes,
    )
