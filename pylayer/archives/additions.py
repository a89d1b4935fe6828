"""Extra files of a layer → a zip of them at their places in an archive, kept by its content."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from pylayer import keys
from pylayer.dataclassing import dataclass
from pylayer.errors import ManifestError
from pylayer.monorepo import trees
from pylayer.monorepo.trees import TreeEntry
from pylayer.store.kinds import EXTRA_FILES
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pylayer.config.extrafiles import ExtraFile
    from pylayer.store import Store
    from pylayer.targets import Architecture

_FORMAT = 1
_ELF = b"\x7fELF"
# What lies there is started as a program: /opt/bin is on Lambda's PATH, extensions it starts itself.
_PROGRAMS = ("bin/", "extensions/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """A zip of extra files, None where there are none, and its `sha256` (hex).

    `contents` has each file's sha256 (hex) by its path under /opt, with ` x` after it for an executable.
    """

    path: Path | None = None
    sha256: str = ""
    contents: Mapping[str, str] = field(default_factory=dict)


NONE = Additions()


def pack(files: Sequence[ExtraFile], *, architecture: Architecture, root: Path, store: Store) -> Additions:
    """Read `files` as they are now under `root`, and give the zip of them.

    Executable is what lies in bin/ or extensions/, what is ELF, and what its owner may execute here. Raises
    ManifestError for a file that cannot be read.
    """
    found = [_read(root / source, file.path) for file in files if (source := file.source(architecture))]
    if not found:
        return NONE
    contents = trees.contents(found)
    key = keys.key({"format": _FORMAT, "files": contents})
    record = store.record(EXTRA_FILES, key)
    if record and (path := store.blob(record["sha256"])):
        return Additions(path=path, sha256=record["sha256"], contents=contents)
    sha256 = _write(found, store)
    store.put_record(EXTRA_FILES, key, {"sha256": sha256})
    return Additions(path=store.blob(sha256), sha256=sha256, contents=contents)


def _read(source: Path, name: str) -> TreeEntry:
    try:
        content = source.read_bytes()
        own = bool(source.stat().st_mode & 0o100)
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=str(source)) from error
    executable = own or name.startswith(_PROGRAMS) or content.startswith(_ELF)
    return TreeEntry(name=name, source=content, executable=executable)


def _write(files: Sequence[TreeEntry], store: Store) -> str:
    with store.scratch() as folder:
        with Writer(folder / "files.zip") as writer:
            for entry in sorted(files, key=lambda entry: entry.name):
                assert isinstance(entry.source, bytes)
                writer.add(entry.name, entry.source, executable=entry.executable)
            writer.finish()
        return store.put_blob(folder / "files.zip")
