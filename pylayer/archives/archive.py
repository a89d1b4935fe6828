"""Wheels and their bytecode → the zip of a layer, by copying compressed members in sorted order.

Nothing is unpacked or compressed again: assembling costs what reading, hashing and writing the bytes costs.
The result depends on the wheels' and the bytecode's bytes and the runtime's name alone, not on their order.
"""

from __future__ import annotations

import posixpath
from base64 import b64encode
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pylayer.archives.layout import ROOT, Placed, place
from pylayer.checks.contents import source_of
from pylayer.dataclassing import dataclass
from pylayer.errors import ArchiveError, Fault
from pylayer.names import normalise
from pylayer.wheels import is_bytecode
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.targets import Target
    from pylayer.wheels import Wheel

    Source = tuple[Zip, Placed]

_FILES = "`files` of layers.toml"
_BYTECODE = "its bytecode"
_DATA = "its .data folder"
_CLASH_HINT = "leave one of them out (`exclude`, `drop`), or put them into separate layers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The finished zip of a build: `sha256` in hex, `size` of the file and of its members in bytes."""

    path: Path
    sha256: str
    size: int
    unzipped_size: int
    members: int

    @property
    def code_sha256(self) -> str:
        """The sha256 in base64, as AWS reports it."""
        return b64encode(bytes.fromhex(self.sha256)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The bytecode of a distribution (normalised name): a zip at `path`, and its `sha256` (hex)."""

    distribution: str
    path: Path
    sha256: str


def assemble(
    wheels: Sequence[Wheel],
    destination: Path,
    *,
    target: Target,
    bytecode: Sequence[Compiled] = (),
    files: Path | None = None,
    without: Collection[str] = (),
    lost: Mapping[str, Collection[str]] | None = None,
) -> Archive:
    """Write the archive of `wheels` for `target` to `destination`, whole or not at all.

    The members of `bytecode` have their paths in the archive already; where one has `x.pyc`, it replaces
    `x.py`. `files` is such a zip of what is no wheel's. Of wheels and bytecode the paths `without` are left
    out, and of each distribution those that it has `lost` to another. Raises ArchiveError listing every path
    to which two of them write different bytes, or naming a wheel that cannot be copied safely; StoreError
    when a file cannot be read or written.
    """
    lost = lost or {}
    names = {wheel.metadata.name: wheel.filename for wheel in wheels}
    with ExitStack() as stack:
        sources: dict[str, list[Source]] = {}
        opened: list[tuple[Zip, list[Placed]]] = []
        for one, owners in _by_path(bytecode):
            file = stack.enter_context(Zip(one.path, label=names.get(owners[0], ""), sha256=one.sha256))
            gone = frozenset.intersection(*(frozenset(lost.get(owner, ())) for owner in owners))
            opened.append((file, _compiled(file, gone)))
        replacing = [each.path for _, placed in opened for each in placed if not is_bytecode(each.path)]
        left_out = {path[:-1] for path in replacing}.union(without)
        unique = {wheel.sha256: wheel for wheel in wheels}
        for wheel in sorted(unique.values(), key=lambda wheel: (wheel.filename, wheel.sha256)):
            file = stack.enter_context(Zip(wheel.path, label=wheel.filename, sha256=wheel.sha256))
            own = left_out.union(lost.get(wheel.metadata.name, ()))
            _gather(sources, file, place(file, runtime=target.runtime, without=own))
        for file, placed in opened:
            _gather(sources, file, [each for each in placed if each.path not in left_out])
        if files:
            extra = stack.enter_context(Zip(files, label=_FILES))
            _gather(sources, extra, _as_they_stand(extra))
        chosen = _choose(sources, destination)
        writer = stack.enter_context(Writer(destination))
        _copy(chosen, writer)
        written = writer.finish()
    return Archive(
        path=destination,
        sha256=written.sha256,
        size=written.size,
        unzipped_size=written.unzipped_size,
        members=written.members,
    )


def _gather(sources: dict[str, list[Source]], file: Zip, placed: Iterable[Placed]) -> None:
    for member in placed:
        sources.setdefault(member.path, []).append((file, member))


def _as_they_stand(file: Zip) -> list[Placed]:
    return [Placed(member.name, member, member.executable) for member in file.members]


def _by_path(bytecode: Sequence[Compiled]) -> list[tuple[Compiled, list[str]]]:
    """Each file once, with the distributions that have it: those of the same modules share one."""
    owners: dict[Path, list[Compiled]] = {}
    for compiled in bytecode:
        owners.setdefault(compiled.path, []).append(compiled)
    return [(owners[path][0], sorted(one.distribution for one in owners[path])) for path in sorted(owners)]


def _compiled(file: Zip, lost: Collection[str]) -> list[Placed]:
    """The members of a companion, but for those whose source is `lost`."""
    placed = _as_they_stand(file)
    return [member for member in placed if source_of(member.path) not in lost] if lost else placed


def _choose(sources: Mapping[str, list[Source]], destination: Path) -> list[Source]:
    """One source for each path, in the order of the archive."""
    if not sources:
        raise ArchiveError(
            "would be an empty archive",
            where=destination.name,
            hint="give the layer a package or a requirement",
        )
    faults = list(_clashes_with_folders(sources))
    chosen = []
    contested: dict[str, Sequence[str]] = {}
    for path in sorted(sources):
        found = sources[path]
        if len(found) == 1:
            chosen.append(found[0])
        elif same(found):
            chosen.append(_one_of(found))
        else:
            # Whoever settles whose module it is settles whose bytecode.
            place = source_of(path) if path.endswith(".pyc") else path
            contested[place] = _givers({file for file, _ in found})
    faults += _contests(contested)
    if faults:
        raise ArchiveError.of(faults)
    return chosen


def _givers(files: set[Zip]) -> Sequence[str]:
    labels = {file.label for file in files}
    if len(labels) == 1:
        # The wheel brings a file of its own where its module's bytecode is to be, or two of one name.
        return (*labels, _BYTECODE if len(files) > 1 else _DATA)
    return sorted(labels, key=lambda label: (label == _FILES, label))


def _contests(contested: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    """A fault for each path that several give; a hint stands at the last one that the same ones give."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for path in sorted(contested):
        groups.setdefault(tuple(contested[path]), []).append(path)
    last = {paths[-1]: paths for paths in groups.values()}
    for path in sorted(contested):
        names = contested[path]
        hint = _contest_hint(last[path], names) if path in last else ""
        yield Fault(what=f"{' and '.join(names)} put different files there", where=path, hint=hint)


def _contest_hint(paths: Sequence[str], names: Sequence[str]) -> str:
    if names[-1] in {_FILES, _BYTECODE, _DATA}:
        return _CLASH_HINT
    pattern = paths[0] if len(paths) == 1 else f"{posixpath.commonpath(paths)}/"
    owner = normalise(names[0].partition("-")[0])
    if pattern == ROOT:  # nothing but python/ is common to them
        pattern = paths[0]
    return f'say whose to take, prefer = {{ "{pattern.removeprefix(ROOT)}" = "{owner}" }}, or {_CLASH_HINT}'


def _clashes_with_folders(sources: Mapping[str, list[Source]]) -> Iterator[Fault]:
    folders: dict[str, str] = {}
    for path in sources:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders[folder] = path
            folder = folder.rpartition("/")[0]
    for path in sorted(folders.keys() & sources.keys()):
        file, folder_file = sources[path][0][0].label, sources[folders[path]][0][0].label
        yield Fault(what=f"{file} has a file there, {folder_file} a folder", where=path, hint=_CLASH_HINT)


def same(found: Sequence[Source]) -> bool:
    """Whether all give the same content."""
    checksums = {(placed.member.crc, placed.member.size) for _, placed in found if placed.content is None}
    return len(checksums) <= 1 and len({content(file, placed) for file, placed in found}) == 1


def _one_of(found: Sequence[Source]) -> Source:
    """The same one in whatever order they come: their compressed bytes may differ, and their modes."""
    copied = [(file, placed) for file, placed in found if placed.content is None]
    file, one = min(copied or found, key=lambda source: _packed(*source))
    return file, one._replace(executable=any(one.executable for _, one in found))


def content(file: Zip, placed: Placed) -> bytes:
    """What is written for a member."""
    return file.content(placed.member) if placed.content is None else placed.content


def _packed(file: Zip, placed: Placed) -> tuple[int, bytes]:
    return (
        (placed.member.method, file.packed(placed.member)) if placed.content is None else (0, placed.content)
    )


def _copy(chosen: Iterable[Source], writer: Writer) -> None:
    for file, placed in chosen:
        if placed.content is None:
            writer.copy(placed.path, file, placed.member, executable=placed.executable)
        else:
            writer.add(placed.path, placed.content, executable=placed.executable)
