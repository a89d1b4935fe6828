"""Finished archives → their problems, looked for once for each content and each way of looking."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from pylayer.dataclassing import dataclass
from pylayer.errors import MisledError
from pylayer.keys import key, source
from pylayer.markers import holds, readable
from pylayer.names import normalise
from pylayer.problems import Problem
from pylayer.store.kinds import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pylayer.archives.archive import Archive
    from pylayer.checks import LayerArchive
    from pylayer.config.budgets import LayerSet
    from pylayer.config.layers import Build
    from pylayer.config.manifest import Manifest
    from pylayer.problems import Kind
    from pylayer.store import Store
    from pylayer.store.kinds import ProblemRecord
    from pylayer.wheels import Wheel

# Of pylayer's own files, those that decide what is found in an archive.
DECISIVE = (
    "amounts.py",
    "checks",
    "config/budgets.py",
    "config/values.py",
    "descriptors.py",
    "limits.py",
    "markers.py",
    "names.py",
    "problems.py",
    "recordfile.py",
    "runtimes.toml",
    "shown.py",
    "tables.py",
    "targets.py",
    "wheels.py",
    "zips",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedArchive:
    """An archive of a layer, and its wheels as far as they are known: of an earlier run's they are not."""

    layer: str
    archive: Archive
    wheels: tuple[Wheel, ...] = ()


def inspect(
    one: FinishedArchive,
    build: Build,
    *,
    local: Collection[str],
    left_out: Collection[str] = (),
    overrides: Sequence[str] = (),
    beside: Sequence[FinishedArchive] = (),
    manifest: Manifest,
    store: Store,
) -> tuple[Problem, ...]:
    """Every problem of the archive of `build`, errors first.

    `local` are the distributions built here, `left_out` those that the layers `beside` it give instead;
    `overrides` (PEP 508) are those of lock files, which count as the manifest's do.
    """
    layer = build.layer
    budget = manifest.budgets.of(layer.name)
    decided = readable((*manifest.overrides, *overrides))
    # An override takes the place of what others require, extras and all. One that applies nowhere takes a
    # distribution out.
    overridden: dict[str, list[str]] = {}
    for each in sorted(decided, key=str):
        if holds(each.marker, build.target.markers):
            overridden.setdefault(normalise(each.name), []).extend(sorted(map(normalise, each.extras)))
    out = sorted({normalise(each.name) for each in decided} - overridden.keys())
    excluded = [*layer.exclude, *left_out, *out]
    asked = {
        "archive": one.archive.sha256,
        "target": str(build.target),
        "glibc": list(build.target.runtime.glibc),
        "requirements": list(layer.requirements),
        "exclude": excluded,
        "beside": [other.archive.sha256 for other in beside],
        "overridden": overridden,
        "accept": list(layer.accept),
        "budget": budget,
        "local": sorted(local),
    }

    def look() -> tuple[Problem, ...]:
        from pylayer import checks

        return checks.check(
            _made(one),
            target=build.target,
            beside=[_made(other) for other in beside],
            requested=layer.requirements,
            excluded=excluded,
            overridden=overridden,
            local=local,
            budget=budget,
            accepted=layer.accept,
            memory=store,
        )

    return once(asked, look, store=store)


def inspect_set(
    together: LayerSet, layers: Sequence[FinishedArchive], *, accepted: Sequence[str], store: Store
) -> tuple[Problem, ...]:
    """What is wrong with the layers of a set for one target, used in their order."""
    asked = {
        "set": together.name,
        "layers": [[layer.layer, layer.archive.sha256] for layer in layers],
        "budget": together.budget,
        "accept": list(accepted),
    }

    def look() -> tuple[Problem, ...]:
        from pylayer import checks

        made = [_made(layer) for layer in layers]
        return checks.check_set(together.name, made, budget=together.budget, accepted=accepted, memory=store)

    return once(asked, look, store=store)


def _made(finished: FinishedArchive) -> LayerArchive:
    """What the checks look into; MisledError where it was not written, since all was taken to be known."""
    from pylayer.checks import LayerArchive

    if not finished.archive.path.is_file():
        raise MisledError(f"{finished.layer} was not looked at before")
    return LayerArchive(layer=finished.layer, path=finished.archive.path, wheels=finished.wheels)


def once(
    asked: dict[str, Any],
    look: Callable[[], tuple[Problem, ...]],
    *,
    store: Store,
    decisive: Sequence[str] = DECISIVE,
) -> tuple[Problem, ...]:
    """What `look` finds, or found when the same was `asked` before.

    `decisive` are the files of pylayer's own that decide what it finds.
    """
    digest = key({"checks": source(*decisive), **asked})
    if (known := store.record(PROBLEMS, digest)) is not None:
        return tuple(_problem(row) for row in known["problems"])
    found = look()
    store.put_record(PROBLEMS, digest, {"problems": [asdict(problem) for problem in found]})
    return found


def _problem(record: ProblemRecord) -> Problem:
    return Problem(
        kind=cast("Kind", record["kind"]),
        severity=record["severity"],
        where=record["where"],
        what=record["what"],
        hint=record["hint"],
    )
