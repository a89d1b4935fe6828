"""A requirements file → its logical lines, decoded and joined as pip does.

See https://pip.pypa.io/en/stable/reference/requirements-file-format/.
"""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING

from pylayer.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The longer ones first: UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"#.*coding[:=]\s*([-\w.]+)")  # PEP 263: in one of the first two lines
_COMMENT = re.compile(r"(^|\s+)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def lines(path: Path, label: str) -> Iterator[tuple[int, str]]:
    """Each line that says something, and the number at which it begins.

    Comments are taken out, `${VARIABLE}` is replaced where the environment has it. Raises ManifestError for
    a file that cannot be read, or is not in the encoding that it is said to be in.
    """
    for number, line in _joined(text(path, label)):
        bare = _COMMENT.sub("", line).strip()
        if bare:
            yield number, _VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), bare)


def text(path: Path, label: str) -> str:
    """The text of a file: by its byte-order mark, by a comment that names its encoding, or UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=label) from error
    encoding = "utf-8"
    for mark, named in _MARKS:
        if content.startswith(mark):
            content, encoding = content[len(mark) :], named
            break
    else:
        for line in content.splitlines()[:2]:
            if match := _CODING.match(line):
                encoding = match[1].decode()
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        hint = "save it as UTF-8, or name its encoding in its first line: # -*- coding: latin-1 -*-"
        raise ManifestError(f"is not {encoding}", where=f"{label}: line {number}", hint=hint) from error
    except LookupError as error:
        raise ManifestError(
            f"says that it is in {encoding}, which is not an encoding", where=label
        ) from error


def _joined(content: str) -> Iterator[tuple[int, str]]:
    """Join lines that end in a backslash; a comment ends what it stands in."""
    parts: list[str] = []
    start = 1
    for number, line in enumerate(content.splitlines(), 1):
        if not parts:
            start = number
        comment = _COMMENT.match(line)
        if line.endswith("\\") and not comment:
            parts.append(line[:-1])
            continue
        # A space before it, so that it is still a comment where the lines are one.
        parts.append(f" {line}" if comment else line)
        yield start, "".join(parts)
        parts = []
    if parts:
        yield start, "".join(parts)
