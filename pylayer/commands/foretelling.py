"""A choice of builds → which of them the next run would make, and why: `layers --dry-run`.

What is known without an engine and a network decides: sources, layers.toml, the lock, archives that are gone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pylayer.answers import BuildAnswer, LayersAnswer
from pylayer.commands import listing
from pylayer.errors import PENDING
from pylayer.operations import planning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.console import Console
    from pylayer.operations.results import PlannedBuild

_TOLD = 3


def tell(
    lines: Console,
    manifest: Path,
    *,
    only: Sequence[str],
    names: Sequence[str],
    affected_since: str,
) -> int:
    """Say it; PENDING where anything would be made, else 0. Raises ManifestError, UsageError, StoreError."""
    started = time.perf_counter()
    plan = planning.plan(manifest, only=only, layers=names, affected_since=affected_since, reporter=lines)
    for each in plan.pending:
        reasons = each.reasons or (each.state,)
        verb = "would be looked at" if each.state == "unknown" else "would be built"
        failed = f"{each.state} the last time: " if each.state in ("failed", "skipped") else ""
        lines.say(f"{each.build}  {verb}  {failed}{listing.shortened(reasons[0])}")
        for reason in reasons[1:_TOLD]:
            lines.say(f"    {listing.shortened(reason)}")
        if len(reasons) > _TOLD:
            lines.say(f"    and {len(reasons) - _TOLD} more: pylayer why {each.build}")
    lines.say(f"{len(plan.pending)} of {len(plan.builds)} builds would be made")
    status = PENDING if plan.pending else 0
    if lines.answers:
        lines.answer(status, _answer(plan.builds, seconds=time.perf_counter() - started))
    return status


def _answer(planned: Sequence[PlannedBuild], *, seconds: float) -> Mapping[str, object]:
    builds = [
        BuildAnswer(
            build=each.build,
            layer=each.layer,
            runtime=each.runtime,
            architecture=each.architecture,
            state=each.state if each.state in ("fresh", "unknown") else "would build",
            size=each.size,
            unzipped_size=each.unzipped_size,
            sha256=each.sha256,
            wheels=each.wheels,
            seconds=0.0,
            warnings=[],
            reasons=list(each.reasons or ([each.state] if each.state == "never built" else [])),
        )
        for each in planned
    ]
    return LayersAnswer(dry_run=True, seconds=round(seconds, 3), builds=builds)
