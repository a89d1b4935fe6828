"""How builds ended, or stand as they were → what a machine reads of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.answers import BuildAnswer, LayersAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.outcomes import Outcome
    from pylayer.state.snapshot import KeptBuild


def of_outcomes(outcomes: Sequence[Outcome], *, seconds: float) -> Mapping[str, object]:
    """A run that did something."""
    builds = [
        BuildAnswer(
            build=outcome.build.id,
            layer=outcome.build.layer.name,
            runtime=outcome.build.target.runtime.name,
            architecture=outcome.build.target.architecture.value,
            state=outcome.state.value,
            size=outcome.size,
            unzipped_size=outcome.unzipped_size,
            sha256=outcome.sha256,
            wheels=outcome.wheels,
            seconds=round(outcome.seconds, 3),
            warnings=list(outcome.warnings),
            reasons=[fault.told for fault in outcome.error.faults] if outcome.error else [],
        )
        for outcome in outcomes
    ]
    return LayersAnswer(dry_run=False, seconds=round(seconds, 3), builds=builds)


def of_kept(kept: Mapping[str, KeptBuild], *, seconds: float) -> Mapping[str, object]:
    """A run in which nothing changed."""
    builds = []
    for identifier, one in kept.items():
        runtime, _, architecture = identifier.removeprefix(f"{one.layer}-").rpartition("-")
        builds.append(
            BuildAnswer(
                build=identifier,
                layer=one.layer,
                runtime=runtime,
                architecture=architecture,
                state="cached",
                size=one.size,
                unzipped_size=one.unzipped_size,
                sha256=one.sha256,
                wheels=one.wheels,
                seconds=0.0,
                warnings=list(one.warnings),
                reasons=[],
            )
        )
    return LayersAnswer(dry_run=False, seconds=round(seconds, 3), builds=builds)
