"""The command `pylayer report` → its exit status: a table, JSON, or a page written to a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.commands.ending import ended
from pylayer.config import manifest as manifests
from pylayer.errors import ManifestError
from pylayer.report.gathering import Report, gather
from pylayer.state.opening import opened
from pylayer.store import write_atomic

if TYPE_CHECKING:
    from pylayer.console import Console


def report(
    *,
    manifest: Path | None = None,
    only: tuple[str, ...] = (),
    against: Path | None = None,
    html: Path | None = None,
    as_json: bool = False,
) -> int:
    """Tell what the archives of the last build are made of; returns the exit status."""

    def action(lines: Console) -> int:
        path = manifest or manifests.find(Path.cwd())
        report = _report(path, only=only, against=against, lines=lines)
        if html:
            from pylayer.report.page import page  # noqa: PLC0415  the table needs none of it

            write_atomic(html, page(report).encode())
            lines.note(f"wrote {html}")
        if as_json:
            from pylayer.report.data import document  # noqa: PLC0415  as above

            sys.stdout.write(json.dumps(document(report), indent=2, ensure_ascii=False) + "\n")
        elif not html:
            from pylayer.report.table import table  # noqa: PLC0415  as above

            sys.stdout.writelines(f"{line}\n" for line in table(report))
        return 0

    return ended(action)


def _report(path: Path, *, only: tuple[str, ...], against: Path | None, lines: Console) -> Report:
    found, faults = manifests.read(path)
    if faults:
        raise ManifestError.of(faults)
    with opened(found, note=lines.note) as state:
        return gather(found.output, title=found.root.name, state=state, only=only, against=against)
