"""How builds ended → what `layers --json` and `build-layer --json` tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.answers import BuildAnswer, LayersAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.operations.buildreport import BuildReport


def of_report(report: BuildReport) -> Mapping[str, object]:
    """What a machine reads of a run."""
    builds = [
        BuildAnswer(
            build=outcome.build,
            layer=outcome.layer,
            runtime=outcome.runtime,
            architecture=outcome.architecture,
            state=outcome.state.value,
            size=outcome.size,
            unzipped_size=outcome.unzipped_size,
            sha256=outcome.sha256,
            wheels=outcome.wheels,
            seconds=round(outcome.seconds, 3),
            warnings=list(outcome.warnings),
            reasons=[fault.told for fault in outcome.error.faults] if outcome.error else [],
        )
        for outcome in report.outcomes
    ]
    return LayersAnswer(dry_run=False, seconds=round(report.seconds, 3), builds=builds)
