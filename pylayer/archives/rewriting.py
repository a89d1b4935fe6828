"""A wheel and some members' new bytes → the wheel with those, all others copied as they are compressed."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from pylayer.wheels import dist_info, hash_and_size, record_text
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pylayer.wheels import Wheel


def rewrite(wheel: Wheel, changed: Mapping[str, bytes], destination: Path) -> None:
    """Write `wheel` to `destination` with the members `changed`, which RECORD then tells.

    RECORD's signatures are left out: they no longer hold.
    """
    with Zip(wheel.path, label=wheel.filename) as source, Writer(destination) as writer:
        record = f"{dist_info(source.members, wheel.filename)}/RECORD"
        signatures = {f"{record}.jws", f"{record}.p7s"}
        for member in source.members:
            name = member.name
            if name in signatures:
                continue
            if name == record:
                writer.add(name, _record(source.content(member), changed, signatures))
            elif name in changed:
                writer.add(name, changed[name], executable=member.executable)
            else:
                writer.copy(name, source, member, executable=member.executable)
        writer.finish()


def _record(text: bytes, changed: Mapping[str, bytes], signatures: set[str]) -> bytes:
    rows = []
    for row in csv.reader(io.StringIO(text.decode(), newline="")):
        if row and row[0] not in signatures:
            name = row[0]
            rows.append([name, *hash_and_size(changed[name])] if name in changed else row)
    return record_text(rows)
