"""Faults and logs → what GitHub Actions shows of them: annotations at the file and line, groups that fold.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import redaction, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.errors import Fault

_LINE = re.compile(r"line (\d+)(?:, column (\d+))?")
_PATH = re.compile(r"[\w@+-][\w./@+-]*\.(?:cfg|json|lock|py|toml|txt)\b")
_INDEX = re.compile(r"\[\d+\]")
_HEADER = re.compile(r"\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")
_LARGEST = 4 << 20  # bytes of a file in which a key is looked for


def of_faults(level: str, faults: Sequence[Fault], *, root: Path | None) -> Iterator[str]:
    """Workflow commands of a `level` (error, warning, notice); places are told from `root` or from here."""
    for fault in faults:
        place = _place(fault, root)
        properties = {**place, "title": fault.where} if fault.where else place
        told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
        hint = f"\n{fault.hint}" if fault.hint else ""
        yield f"::{level}{' ' if told else ''}{told}::{_message(f'{fault.what}{hint}')}"


def grouped(name: str, block: str) -> str:
    """A block of lines, which has no commands of its own any more, as a group that folds."""
    return f"::group::{_message(name)}\n{block}\n::endgroup::"


def _message(text: str) -> str:
    text = redaction.shown(text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(shown.line(text)).replace(":", "%3A").replace(",", "%2C")


def _place(fault: Fault, root: Path | None) -> dict[str, object]:
    """The file that a fault names, from the top of the repository, with line and column if it does."""
    name, _, rest = fault.where.partition(": ")
    for candidate in (name, *_PATH.findall(f"{fault.where}\n{fault.what}\n{fault.hint}")):
        if path := _found(candidate, root):
            position = _LINE.search(rest if candidate == name else fault.where)
            if position:
                columns = {"col": position[2]} if position[2] else {}
                return {"file": _from_top(path), "line": position[1], **columns}
            line = _line_of(path, rest) if candidate == name and rest else 0
            return {"file": _from_top(path), **({"line": line} if line else {})}
    return {}


def _found(name: str, root: Path | None) -> Path | None:
    try:
        places = [folder / name for folder in (root, Path.cwd(), _top()) if folder and name]
        return next((path for path in places if path.is_file()), None)
    except (OSError, ValueError):  # a text that is no path at all
        return None


def _top() -> Path | None:
    workspace = os.environ.get("GITHUB_WORKSPACE")
    return Path(workspace) if workspace else None


def _from_top(path: Path) -> str:
    top = _top() or Path.cwd()
    real = path.parent.resolve() / path.name
    return (real.relative_to(top.resolve()) if real.is_relative_to(top.resolve()) else path).as_posix()


def _line_of(path: Path, key: str) -> int:
    """The line of a TOML file in which a key is, or the nearest table above it; 0 where neither is."""
    if path.suffix != ".toml" or path.stat().st_size > _LARGEST:
        return 0
    wanted = _parts(_INDEX.sub("", key.partition(" ")[0]))
    table: list[str] = []
    best, length = 0, 0
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if header := _HEADER.match(line):
            table = found = _parts(header[1])
        elif match := _KEY.match(line):
            found = [*table, *_parts(match[1])]
        else:
            continue
        if length < len(found) <= len(wanted) and wanted[: len(found)] == found:
            best, length = number, len(found)
    return best


def _parts(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", key)]
