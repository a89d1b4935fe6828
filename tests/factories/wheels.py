"""Files in a dict → a small real wheel on disk."""

from __future__ import annotations

import csv
import hashlib
import io
import stat
import zipfile
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    Files = Mapping[str, Any]  # Files or bytes: to mypy a dict of both has values of any kind


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A member as zipfile is to write it; `mode` is the whole of Unix's, type included."""

    content: bytes = b""
    mode: int = stat.S_IFREG | 0o644
    method: int = zipfile.ZIP_DEFLATED
    level: int = 6
    date: tuple[int, int, int, int, int, int] = (2024, 2, 29, 12, 30, 58)


def make_zip(path: Path, files: Files | Iterable[tuple[str, File | bytes]]) -> Path:
    """Write `files`, in their order, with zipfile."""
    listed = files.items() if hasattr(files, "items") else files
    with zipfile.ZipFile(path, "w") as archive:
        for name, given in listed:
            file = given if isinstance(given, File) else File(content=given)
            info = zipfile.ZipInfo(name, file.date)
            info.external_attr = file.mode << 16
            archive.writestr(info, file.content, file.method, file.level)
    return path


def make_wheel(
    folder: Path,
    files: Files | None = None,
    *,
    name: str = "example",
    version: str = "1.0",
    tag: str = "py3-none-any",
    pure: bool = True,
    metadata: Sequence[str] = (),
    entry_points: str = "",
) -> Path:
    """Write the wheel of `files` with a .dist-info as a build backend makes it, into `folder`.

    `metadata` are more lines of METADATA. A file of the .dist-info among `files` replaces the one made here.
    """
    dist_info = f"{name}-{version}.dist-info"
    head = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *metadata]
    root = f"Root-Is-Purelib: {'true' if pure else 'false'}"
    made: dict[str, File | bytes] = {
        f"{dist_info}/METADATA": "\n".join([*head, "", "Über alles.\n"]).encode(),
        f"{dist_info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: by hand\n{root}\nTag: {tag}\n".encode(),
    }
    if entry_points:
        made[f"{dist_info}/entry_points.txt"] = entry_points.encode()
    everything = {**(files or {}), **{key: value for key, value in made.items() if key not in (files or {})}}
    record = f"{dist_info}/RECORD"
    if record not in everything:
        everything[record] = record_of(everything, record)
    folder.mkdir(parents=True, exist_ok=True)
    return make_zip(folder / f"{name}-{version}-{tag}.whl", everything)


def record_of(files: Mapping[str, File | bytes], record: str) -> bytes:
    """RECORD's text for `files`."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, file in files.items():
        if not name.endswith("/"):
            content = file.content if isinstance(file, File) else file
            digest = urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.writerow((name, f"sha256={digest}", len(content)))
    rows.writerow((record, "", ""))
    return text.getvalue().encode()
