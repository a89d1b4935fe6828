"""A Statement → what a machine reads: sizes in bytes, times in seconds."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.report.comparing import Change, Comparison, Side
    from pylayer.report.gathering import Report, WeighedBuild
    from pylayer.state.imports import Import

VERSION = 1


def document(report: Report) -> dict[str, Any]:
    """The whole of it; what is not known is null."""
    run = report.last_run
    return {
        "version": VERSION,
        "builds": {one.build: _build(one, report.imports.get(one.build)) for one in report.builds},
        "changes": _changes(report.comparison) if report.comparison else None,
        "last_run": asdict(run) if run else None,
    }


def _build(one: WeighedBuild, imports: Sequence[Import] | None) -> dict[str, Any]:
    entry = one.entry
    return {
        "layer": entry.layer,
        "runtime": entry.runtime,
        "architecture": entry.architecture,
        "sha256": entry.sha256,
        "size": entry.size,
        "unzipped_size": entry.unzipped_size,
        "overhead": one.weights.overhead,
        "distributions": [
            {
                "name": part.name,
                "version": part.version or None,
                "size": part.size,
                "unzipped_size": part.unzipped_size,
                "files": part.files,
                "kinds": dict(part.kinds),
            }
            for part in one.weights.parts
        ],
        "imports": None if imports is None else [_import(module) for module in imports],
    }


def _import(one: Import) -> dict[str, Any]:
    return {"module": one.module, "seconds": one.seconds, "packages": dict(one.packages)}


def _changes(comparison: Comparison) -> dict[str, Any]:
    return {
        "against": comparison.against,
        "builds": {one.build: _change(one) for one in comparison.changes},
    }


def _change(one: Change) -> dict[str, Any]:
    sides = (("before", one.before), ("after", one.after))
    sizes = {
        name: {"size": entry.size, "unzipped_size": entry.unzipped_size} if entry else None
        for name, entry in sides
    }
    moved = [
        {"name": each.name, "state": each.state, "before": _side(each.before), "after": _side(each.after)}
        for each in one.moved
    ]
    return {"state": one.state, **sizes, "distributions": moved}


def _side(side: Side | None) -> dict[str, Any] | None:
    return asdict(side) if side else None
