"""A wheel and some members' new bytes → the wheel with those, all others copied as they are compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import recordfile
from pylayer.recordfile import MovedFile
from pylayer.wheels import dist_info
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
        signatures = recordfile.signatures(record)
        changes = {name: MovedFile(name, content) for name, content in changed.items()}
        gone = dict.fromkeys(signatures)
        for member in source.members:
            name = member.name
            if name in signatures:
                continue
            if name == record:
                writer.add(name, recordfile.rewritten(source.content(member), {**changes, **gone}))
            elif name in changed:
                writer.add(name, changed[name], executable=member.executable)
            else:
                writer.copy(name, source, member, executable=member.executable)
        writer.finish()
