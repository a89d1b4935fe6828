"""A stored sdist → a Project in a folder, which is built as one of the monorepo's own is."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from typing import TYPE_CHECKING

from pylayer.building import unpacking
from pylayer.disk import filling
from pylayer.errors import BuildError, Fault
from pylayer.monorepo import projectfile
from pylayer.monorepo.workspace import Project

if TYPE_CHECKING:
    from pathlib import Path

    from pylayer.index.pins import Pin


# What the two modules raise for archives that are damaged, encrypted or of an unknown kind.
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    *(EOFError, NotImplementedError, RuntimeError, ValueError),
)


def unpack(path: Path, pin: Pin, *, into: Path) -> Project:
    """Unpack the sdist at `path` below the folder `into`.

    Its build is never static: what it gives is kept for one Python minor. Raises BuildError for what is no
    sdist (https://packaging.python.org/en/latest/specifications/source-distribution-format/).
    """
    into.mkdir(parents=True, exist_ok=True)
    try:
        with filling(into):
            unpacking.unpack(path, into=into, zipped=pin.filename.endswith(".zip"))
    except (*_DAMAGED, OSError) as error:
        raise BuildError(f"cannot be unpacked: {error}", where=pin.filename) from error
    tops = [child for child in into.iterdir() if child.is_dir() and not child.is_symlink()]
    if len(tops) != 1:
        raise BuildError(
            "is not an sdist: it does not have exactly one folder at the top", where=pin.filename
        )
    definition, faults = projectfile.read(tops[0], where=pin.filename, name=pin.name)
    if definition is None:
        raise BuildError.of(faults or [Fault(what="has nothing to build", where=pin.filename)])
    return Project(
        name=pin.name,
        path=tops[0],
        requires=definition.requires,
        backend=definition.backend,
        backend_path=definition.backend_path,
        requires_python=definition.requires_python,
        unpacked=True,
    )
