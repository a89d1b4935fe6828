"""Wheels that are missing, divided ↔ the document of a plan, by which other machines know what to build."""

from __future__ import annotations

import json
from dataclasses import field
from typing import TYPE_CHECKING

import pylayer
from pylayer.answers import PlanAnswer, ShareAnswer, WheelAnswer
from pylayer.building.pace import WheelStep
from pylayer.dataclassing import dataclass
from pylayer.errors import PylayerError, UsageError
from pylayer.targets import Architecture, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pylayer.monorepo.workspace import Workspace
    from pylayer.operations.dividing import MissingWheel, WheelShare


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelPlan:
    """The wheels that are missing for `builds`, as the machine of an `architecture` found, and their shares.

    `kept` is how many are there. Of those `alone`, no other machine could use what it built, since their
    builds have a network or are of the local engine: they are in no share.
    """

    architecture: Architecture
    targets: tuple[Target, ...]
    shares: tuple[WheelShare, ...]
    kept: int
    alone: tuple[MissingWheel, ...] = ()

    def answer(self, runners: Mapping[str, str]) -> PlanAnswer:
        """What a machine reads, and `wheels --plan`."""
        return PlanAnswer(
            pylayer=pylayer.__version__,
            architecture=self.architecture.value,
            targets=[str(target) for target in self.targets],
            kept=self.kept,
            left_out=[wheel.step.name for wheel in self.alone],
            shares=[
                ShareAnswer(
                    share=share.name,
                    architecture=share.architecture.value,
                    runner=runners[share.architecture.value],
                    wheels=len(share.wheels),
                    seconds=share.seconds,
                )
                for share in self.shares
            ],
            wheels=[
                WheelAnswer(
                    project=wheel.step.project,
                    builder=str(wheel.step.builder),
                    way=wheel.step.way,
                    targets=[str(target) for target in wheel.targets],
                    seconds=wheel.seconds,
                    share=share.name,
                )
                for share in self.shares
                for wheel in share.wheels
            ],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedWheels:
    """Wheels to build, each with the targets that ask for it, for a run whose builds are for `targets`.

    `of` is the architecture of the machine that found them.
    """

    wheels: tuple[tuple[WheelStep, tuple[Target, ...]], ...]
    targets: frozenset[Target]
    of: Architecture
    skipped: Mapping[str, PylayerError] = field(default_factory=dict)


def read(path: Path, share: tuple[int, int] | None, found: Workspace) -> WantedWheels:
    """Take a plan's document: the wheels of a share, or of all."""
    target = _targets(found)
    try:
        document = json.loads(path.read_bytes())
        other = document["pylayer"]
        shares = [each["share"] for each in document["shares"]]
        name = f"{share[0]}/{share[1]}" if share else ""
        wanted = WantedWheels(
            wheels=tuple(
                (
                    WheelStep(project=row["project"], builder=target(row["builder"]), way=row["way"]),
                    tuple(map(target, row["targets"])),
                )
                for row in document["wheels"]
                if not name or row["share"] == name
            ),
            targets=frozenset(map(target, document["targets"])),
            of=Architecture(document["architecture"]),
        )
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            "is no plan", where=str(path), hint="write it with `pylayer plan --output FILE`"
        ) from error
    if other != pylayer.__version__:
        raise UsageError(
            f"is by pylayer {other}, but this is {pylayer.__version__}: their wheels are not the same",
            where=str(path),
            hint="install the same version on all machines",
        )
    if name and name not in shares:
        raise UsageError(
            f"has no share {name}: it has {len(shares)}", where=str(path), hint="take the shares of its rows"
        )
    if unknown := sorted({step.project for step, _ in wanted.wheels} - found.projects.keys()):
        raise UsageError(
            f"has {unknown[0]}, which is no project here", where=str(path), hint="check out the same commit"
        )
    return wanted


def _targets(found: Workspace) -> Callable[[str], Target]:
    """Read what a target is called; those of layers.toml may have images of their own."""
    runtimes = {
        **load_runtimes(),
        **{build.target.runtime.name: build.target.runtime for build in found.builds},
    }

    def target(text: str) -> Target:
        runtime, _, architecture = text.rpartition("-")
        return Target(runtime=runtimes[runtime], architecture=Architecture(architecture))

    return target
