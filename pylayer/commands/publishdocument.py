"""What became of layers on AWS → the document of `publish --json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pylayer.outcomes import Reporter

if TYPE_CHECKING:
    from pylayer.console import Console
    from pylayer.errors import Fault
    from pylayer.operations.results import PublishedLayer, PublishReport


class Beside(Reporter):
    """Tells what does not belong to the document."""

    def __init__(self, lines: Console) -> None:
        self._lines = lines

    def note(self, text: str) -> None:
        """Print it on stderr."""
        self._lines.note(text)

    def warn(self, fault: Fault) -> None:
        """Print it on stderr."""
        self._lines.warn(fault)


def of_report(report: PublishReport, status: int) -> str:
    """What a machine reads."""
    document: dict[str, object] = {"version": 1, "dry_run": report.dry_run, "exit_code": status}
    document["missing"] = [{"layer": fault.where, "what": fault.what} for fault in report.missing]
    document["stale"] = [{"layer": fault.where, "what": fault.what} for fault in report.stale]
    document["warnings"] = [{"name": fault.where, "what": fault.what} for fault in report.warnings]
    document["items"] = [_item(layer, dry_run=report.dry_run) for layer in report.layers]
    return json.dumps(document, indent=2, ensure_ascii=False)


def _item(layer: PublishedLayer, *, dry_run: bool) -> dict[str, object]:
    planned = {
        "layer": layer.layer,
        "name": layer.name,
        "region": layer.region,
        "runtimes": layer.runtimes,
        "architectures": layer.architectures,
        "code_sha256": layer.code_sha256,
        "size": layer.size,
        "action": layer.action,
        "reasons": layer.reasons,
        "grant": layer.grants,
        "revoke": layer.revokes,
        "parameters": layer.parameters,
    }
    if dry_run:
        return planned
    return {
        **planned,
        "status": layer.status,
        "version": layer.version,
        "arn": layer.arn,
        "notes": layer.notes,
        "error": layer.error or None,
    }
