"""A Statement → what a machine reads: sizes in bytes, times in seconds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pylayer.report import waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.report.comparing import Change, Comparison, Side
    from pylayer.report.gathering import Report, WeighedBuild, WeighedSet
    from pylayer.state.imports import Import
    from pylayer.state.lastrun import LastRun

VERSION = 1


def document(report: Report) -> dict[str, Any]:
    """The whole of it; what is not known is null."""
    run = report.last_run
    return {
        "version": VERSION,
        "builds": {build.build: _build(build, report.imports.get(build.build)) for build in report.builds},
        "sets": [_set(one) for one in report.sets],
        "problems": [asdict(problem) for problem in report.problems],
        "missing": list(report.missing),
        "changes": _changes(report.comparison) if report.comparison else None,
        "last_run": _run(run) if run else None,
    }


def _run(run: LastRun) -> dict[str, Any]:
    """Its spans by step; of each build also what it waited for (`waited`) and was at, in order."""
    builds = [
        {
            "build": ended.build,
            "state": ended.state,
            "ended": ended.ended or None,
            "waited": round(waits.waited(ended), 4),
            "stretches": [
                {**asdict(stretch), "by": stretch.by or None, "waited": stretch.waited}
                for stretch in ended.stretches
            ],
        }
        for ended in run.builds
    ]
    return {**asdict(run), "builds": builds}


def _build(build: WeighedBuild, imports: Sequence[Import] | None) -> dict[str, Any]:
    entry = build.entry
    return {
        "layer": entry.layer,
        "runtime": entry.runtime,
        "architecture": entry.architecture,
        "sha256": entry.sha256,
        "size": entry.size,
        "unzipped_size": entry.unzipped_size,
        "overhead": build.weights.overhead,
        "distributions": [
            {
                "name": part.name,
                "version": part.version or None,
                "size": part.size,
                "unzipped_size": part.unzipped_size,
                "files": part.files,
                "kinds": dict(part.kinds),
            }
            for part in build.weights.parts
        ],
        "warnings": None if build.warnings is None else list(build.warnings),
        "verified": asdict(build.verified) if build.verified else None,
        "imports": None if imports is None else [_import(module) for module in imports],
    }


def _set(one: WeighedSet) -> dict[str, Any]:
    return {
        "name": one.name,
        "target": one.target.replace(" ", "-"),
        "builds": [build.build for build in one.builds],
        "size": one.size,
        "unzipped_size": one.unzipped_size,
        "limit": one.limit,
        "verified": asdict(one.verified) if one.verified else None,
    }


def _import(measured: Import) -> dict[str, Any]:
    return {"module": measured.module, "seconds": measured.seconds, "packages": dict(measured.packages)}


def _changes(comparison: Comparison) -> dict[str, Any]:
    return {
        "against": comparison.against,
        "builds": {change.build: _change(change) for change in comparison.changes},
    }


def _change(change: Change) -> dict[str, Any]:
    sides = (("before", change.before), ("after", change.after))
    sizes = {
        name: {"size": entry.size, "unzipped_size": entry.unzipped_size} if entry else None
        for name, entry in sides
    }
    moved = [
        {"name": each.name, "state": each.state, "before": _side(each.before), "after": _side(each.after)}
        for each in change.moved
    ]
    return {"state": change.state, **sizes, "distributions": moved}


def _side(side: Side | None) -> dict[str, Any] | None:
    return asdict(side) if side else None
