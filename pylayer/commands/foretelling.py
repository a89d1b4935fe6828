"""A choice of builds → which of them the next run would make, and why: `layers --dry-run`.

What is known without an engine and a network decides: sources, layers.toml, the lock, archives that are gone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pylayer.answers import BuildAnswer, LayersAnswer
from pylayer.commands import listing
from pylayer.errors import PENDING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.commands.listing import ListedBuild
    from pylayer.console import Console

_TOLD = 3


def tell(lines: Console, manifest: Path, *, only: Sequence[str], names: Sequence[str]) -> int:
    """Say it; PENDING where anything would be made, else 0. Raises ManifestError, UsageError, StoreError."""
    started = time.perf_counter()
    listed = listing.of(manifest, only=only, names=names, warn=lines.warn, note=lines.note)
    pending = [each for each in listed if each.state != "fresh"]
    for each in pending:
        reasons = each.reasons or (each.state,)
        verb = "would be looked at" if each.state == "unknown" else "would be built"
        failed = f"{each.state} the last time: " if each.state in ("failed", "skipped") else ""
        lines.say(f"{each.build.id}  {verb}  {failed}{listing.shortened(reasons[0])}")
        for reason in reasons[1:_TOLD]:
            lines.say(f"    {listing.shortened(reason)}")
        if len(reasons) > _TOLD:
            lines.say(f"    and {len(reasons) - _TOLD} more: pylayer why {each.build.id}")
    lines.say(f"{len(pending)} of {len(listed)} builds would be made")
    status = PENDING if pending else 0
    if lines.answers:
        lines.answer(status, _answer(listed, seconds=time.perf_counter() - started))
    return status


def _answer(listed: Sequence[ListedBuild], *, seconds: float) -> Mapping[str, object]:
    builds = [
        BuildAnswer(
            build=each.build.id,
            layer=each.build.layer.name,
            runtime=each.build.target.runtime.name,
            architecture=each.build.target.architecture.value,
            state=each.state if each.state in ("fresh", "unknown") else "would build",
            size=each.entry.size if each.entry else 0,
            unzipped_size=each.entry.unzipped_size if each.entry else 0,
            sha256=each.entry.sha256 if each.entry else "",
            wheels=len(each.entry.distributions) if each.entry else 0,
            seconds=0.0,
            warnings=[],
            reasons=list(each.reasons or ([each.state] if each.state == "never built" else [])),
        )
        for each in listed
    ]
    return LayersAnswer(dry_run=True, seconds=round(seconds, 3), builds=builds)
