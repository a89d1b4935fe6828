"""`files` of a layer → what is put where under /opt, for each architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import below
from pylayer.below import OutsideError
from pylayer.config.values import relative
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault
from pylayer.tables import made, quoted, refusal, shape_of, shaped, string, table, table_of
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_OPT = "/opt/"
_BY_ARCHITECTURE = {architecture.value: relative for architecture in Architecture}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraFile:
    """A file at `path` under /opt: by architecture, where it comes from, relative to layers.toml.

    An architecture that `sources` do not name goes without.
    """

    path: str
    sources: tuple[tuple[Architecture, str], ...]

    def source(self, architecture: Architecture) -> str:
        """Where its content for `architecture` is; empty where it has none."""
        return dict(self.sources).get(architecture, "")


@shaped(lambda: {"type": "string", "pattern": r"^(?!/)(.*/)?[^/\\]*[^/\\.][^/\\]*$"})
def _place(value: object) -> str:
    path = string(value)
    if path.startswith(_OPT):
        raise refusal(
            f'"{path}" is absolute', hint=f'every path is under /opt: write "{path.removeprefix(_OPT)}"'
        )
    if any(part in ("", ".", "..") for part in relative(path).split("/")):
        raise refusal(f'"{path}" cannot be the path of a file under /opt', hint='such as "lib/libpq.so.5"')
    return path


@shaped(lambda: {"anyOf": [shape_of(relative), shape_of(table(_BY_ARCHITECTURE))]})
def _sources(value: object) -> tuple[tuple[Architecture, str], ...]:
    if not isinstance(value, dict):
        source = relative(value)
        return tuple((architecture, source) for architecture in Architecture)
    return made(
        table(_BY_ARCHITECTURE),
        lambda row: tuple(
            (architecture, row[architecture.value])
            for architecture in Architecture
            if architecture.value in row
        ),
    )(value)


# `files`: by path under /opt one source for all architectures, or a table with some of them.
extra_files = made(
    table_of(_sources, name=_place),
    lambda rows: tuple(ExtraFile(path=path, sources=rows[path]) for path in sorted(rows)),
)


def missing(layer: str, files: Iterable[ExtraFile], *, root: Path) -> Iterator[Fault]:
    """Find fault with sources that are not there, are no files, or lie outside of the repository.

    `root` is the folder of layers.toml.
    """
    repository = below.repository(root)
    for file in files:
        for source in sorted({source for _, source in file.sources}):
            try:
                below.find(repository, source, start=root)
            except OutsideError as error:
                yield Fault(
                    what=f"the path {error}",
                    where=f"layers.{quoted(layer)}.files.{quoted(file.path)}",
                    hint="what goes into a layer must be in the repository, for everyone: copy it there",
                )
                continue
            if not (root / source).is_file():
                is_folder = (root / source).is_dir()
                yield Fault(
                    what=f'"{source}" is a folder' if is_folder else f'there is no file "{source}"',
                    where=f"layers.{quoted(layer)}.files.{quoted(file.path)}",
                    hint="name each of its files" if is_folder else "its path is relative to layers.toml",
                )
