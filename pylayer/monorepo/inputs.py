"""Globs for what a build reads outside its project → Entries, laid out as they are in the repository."""

from __future__ import annotations

from dataclasses import replace
from posixpath import normpath
from typing import TYPE_CHECKING

from pylayer import below
from pylayer.below import OutsideError
from pylayer.errors import ManifestError
from pylayer.monorepo.trees import SKIPPED, TreeEntry, leaving, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def top(folder: Path, inputs: Sequence[str], *, climbs: int = 0) -> tuple[Path, str]:
    """Give the nearest folder that holds a project and all its `inputs`, and the project's place in it.

    It is at least `climbs` folders above the project. The place is posix, `.` if none leaves the project. It
    follows from how far the globs climb, not from what they match.
    """
    climbs = max((climbs, *(_parts(glob).count("..") for glob in inputs)))
    above = folder.parents[min(climbs, len(folder.parents)) - 1] if climbs else folder
    return above, folder.relative_to(above).as_posix()


def matches(folder: Path, glob: str) -> Iterator[Path]:
    """Find what a glob matches, as paths without `..`."""
    above, _ = top(folder, [glob])
    wanted = [part for part in _parts(glob) if part not in ("..", ".")]
    for path in above.glob("/".join(wanted) or "*"):
        # `**` is not meant to bring version control and caches; a glob that names them is.
        unasked = set(path.relative_to(above).parts).difference(wanted)
        if SKIPPED.isdisjoint(unasked) and not any(map(leaving, unasked)) and path.exists():
            yield path


def entries(
    folder: Path, inputs: Sequence[str], *, climbs: int = 0, repository: Path | None = None
) -> Iterator[TreeEntry]:
    """Give the files that `inputs` match, and those in folders that they match, named relative to `top`.

    ManifestError where a link leads out of the repository, by itself that of `folder`.
    """
    above, place = top(folder, inputs, climbs=climbs)
    for glob in inputs:
        for path in matches(folder, glob):
            within = _bounds(path, repository or below.repository(folder))
            name = path.relative_to(above).as_posix()
            if not path.is_dir():
                status = path.stat()
                yield TreeEntry(name=name, source=path, executable=bool(status.st_mode & 0o100), stat=status)
            elif path != folder:
                # A folder around the project brings its siblings; the project has its own walk.
                own = f"{place}/" if folder.is_relative_to(path) else None
                for entry in walk(path, within=within):
                    inner = f"{name}/{entry.name}" if name != "." else entry.name
                    if not (own and inner.startswith(own)):
                        yield replace(entry, name=inner)


def _bounds(path: Path, repository: Path) -> Path:
    """Give the repository that `path` is in; ManifestError where a link on its way leads out of that."""
    within = repository if path.is_relative_to(repository) else below.repository(path.parent)
    if path == within:
        return within
    try:
        below.find(within, str(path))
    except OutsideError as error:
        raise ManifestError(
            f"is an input, and leads out of {within} by a symbolic link, to {path.resolve()}",
            where=str(path),
            hint="copy into the repository what the build needs",
        ) from error
    return within


def _parts(glob: str) -> list[str]:
    return normpath(glob).split("/")
