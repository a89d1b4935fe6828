"""What a campaign counted → its table in a document of docs/, between the markers that have its name."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "reliability.md"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown; numbers have commas, and stand at the right."""
    ruler = ["---", *("---:" for _ in columns[1:])]
    cells = [columns, ruler, *([_cell(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def tell(name: str, command: str, words: Sequence[str], text: str, *, document: Path = DOCUMENT) -> None:
    """Put `text`, when it was made, and by which command, in place of what stood under `name`."""
    said = " ".join([command, "--", *words]) if words else command
    made = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} processors: `{said}`"
    block = f"<!-- {name} -->\n\n{text}\n\n{made}\n\n<!-- end of {name} -->"
    place = re.compile(rf"<!-- {name} -->.*?<!-- end of {name} -->", re.DOTALL)
    before = document.read_text(encoding="utf-8")
    if not place.search(before):
        raise SystemExit(f"{document} has no place for {name}")
    document.write_text(place.sub(lambda _: block, before), encoding="utf-8")


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
