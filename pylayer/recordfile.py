"""RECORD, which lists a distribution's files with their hashes ↔ its rows.

https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file

Bytes that are not UTF-8 are kept as they are: a name is copied, whatever it says.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


class MovedFile(NamedTuple):
    """What became of a file: its path as RECORD is to tell it, and its new bytes where it has others.

    A tuple, because thousands are made for one archive.
    """

    path: str
    content: bytes | None = None


def signatures(record: str) -> tuple[str, str]:
    """The members that sign the RECORD at `record`: once that is written anew, they no longer hold."""
    return f"{record}.jws", f"{record}.p7s"


def undotted(path: str) -> str:
    """A path of a wheel as it is unpacked: some backends write `./a/b.py`."""
    if "./" not in path:
        return path
    parts = path.split("/")
    return "/".join(part for part in parts if part != ".") or path


def rows(text: bytes) -> Iterator[list[str]]:
    """The rows of a RECORD: a path as it is unpacked, and where they are told its hash and its size."""
    import csv
    import io

    # Not by str.splitlines, which ends lines at characters that may stand in a file's name.
    for row in csv.reader(io.StringIO(text.decode(errors="surrogateescape"), newline="")):
        if row and row[0]:
            yield [undotted(row[0]), *row[1:]]


def listing(contents: Mapping[str, bytes], *, record: str) -> bytes:
    """The text of the RECORD at `record` for files by their paths."""
    return _text([*([name, *hash_and_size(contents[name])] for name in sorted(contents)), [record, "", ""]])


def rewritten(
    text: bytes, changes: Mapping[str, MovedFile | None], *, without: Callable[[str], bool] | None = None
) -> bytes:
    """A RECORD's `text` in which the rows of what changed are put right.

    The rows of `changes` to None are left out, and those of paths for which `without` holds.
    """
    found = []
    for row in rows(text):
        name = row[0]
        change = changes.get(name, MovedFile(name))
        if change is None or (without and without(name)):
            continue
        fields = row[1:] if change.content is None else hash_and_size(change.content)
        found.append([change.path, *fields])
    return _text(found)


def hash_and_size(content: bytes) -> tuple[str, str]:
    """The second and third field of a row."""
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest}", str(len(content))


def _text(found: Iterable[Sequence[str]]) -> bytes:
    import csv
    from types import SimpleNamespace

    lines: list[str] = []
    # Of a lone "\r" in a name, Python before 3.13 knows that it ends a line only if lines end like this.
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    writer.writerows(found)
    return "".join(f"{line[:-2]}\n" for line in lines).encode(errors="surrogateescape")
