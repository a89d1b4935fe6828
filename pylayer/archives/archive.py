"""Wheels and their bytecode → the zip of a layer, by copying compressed members in sorted order.

Nothing is unpacked or compressed again: assembling costs what reading, hashing and writing the bytes costs.
The result depends on the wheels' and the bytecode's bytes and the runtime's name alone, not on their order.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pylayer.archives.layout import Placed, place
from pylayer.errors import ArchiveError, Fault
from pylayer.wheels import is_bytecode
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.targets import Target
    from pylayer.wheels import Wheel

    _Source = tuple[Zip, Placed]

_CONFLICT_HINT = "leave one of them out (`exclude`, `drop`), or put them into layers of their own"


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


def assemble(  # noqa: PLR0913  each is a part of an archive, and all but two have defaults
    wheels: Sequence[Wheel],
    destination: Path,
    *,
    target: Target,
    bytecode: Sequence[Path] = (),
    files: Path | None = None,
    without: Collection[str] = (),
) -> Archive:
    """Write the archive of `wheels` for `target` to `destination`, whole or not at all.

    `bytecode` are zips whose members have their paths in the archive already; where one has `x.pyc`, it
    replaces `x.py`. `files` is such a zip of what is no wheel's. Of wheels and bytecode the paths `without`
    are left out. Raises ArchiveError listing every path to which two of them write different bytes, or
    naming a wheel that cannot be copied safely; StoreError when a file cannot be read or written.
    """
    with ExitStack() as stack:
        sources: dict[str, list[_Source]] = {}
        opened = [stack.enter_context(Zip(path)) for path in sorted(set(bytecode))]
        names = [member.name for file in opened for member in file.members]
        left_out = {name[:-1] for name in names if not is_bytecode(name)}.union(without)
        unique = {wheel.sha256: wheel for wheel in wheels}
        for wheel in sorted(unique.values(), key=lambda wheel: (wheel.filename, wheel.sha256)):
            file = stack.enter_context(Zip(wheel.path, label=wheel.filename))
            _gather(sources, file, place(file, runtime=target.runtime, without=left_out))
        for file in opened:
            _gather(sources, file, _as_they_stand(file, left_out))
        if files:
            extra = stack.enter_context(Zip(files, label="`files` of layers.toml"))
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


def _gather(sources: dict[str, list[_Source]], file: Zip, placed: Iterable[Placed]) -> None:
    for one in placed:
        sources.setdefault(one.path, []).append((file, one))


def _as_they_stand(file: Zip, left_out: Collection[str] = ()) -> list[Placed]:
    return [Placed(one.name, one, one.executable) for one in file.members if one.name not in left_out]


def _choose(sources: Mapping[str, list[_Source]], destination: Path) -> list[_Source]:
    """One source for each path, in the order of the archive."""
    if not sources:
        raise ArchiveError(
            "would be an archive without a file",
            where=destination.name,
            hint="give the layer a package or a requirement",
        )
    faults = list(_clashes_with_folders(sources))
    chosen = []
    for path in sorted(sources):
        found = sources[path]
        if len(found) == 1:
            chosen.append(found[0])
        elif _same(found):
            chosen.append(_one_of(found))
        else:
            names = " and ".join(file.label for file, _ in found)
            faults.append(Fault(what=f"{names} put different files there", where=path, hint=_CONFLICT_HINT))
    if faults:
        raise ArchiveError.of(faults)
    return chosen


def _clashes_with_folders(sources: Mapping[str, list[_Source]]) -> Iterator[Fault]:
    folders: dict[str, str] = {}
    for path in sources:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders[folder] = path
            folder = folder.rpartition("/")[0]
    for path in sorted(folders.keys() & sources.keys()):
        file, folder_file = sources[path][0][0].label, sources[folders[path]][0][0].label
        yield Fault(what=f"{file} has a file there, {folder_file} a folder", where=path, hint=_CONFLICT_HINT)


def _same(found: Sequence[_Source]) -> bool:
    checksums = {(one.member.crc, one.member.size) for _, one in found if one.content is None}
    return len(checksums) <= 1 and len({_content(file, one) for file, one in found}) == 1


def _one_of(found: Sequence[_Source]) -> _Source:
    """The same one in whatever order they come: their compressed bytes may differ, and their modes."""
    copied = [(file, one) for file, one in found if one.content is None]
    file, one = min(copied or found, key=lambda source: _packed(*source))
    return file, one._replace(executable=any(one.executable for _, one in found))


def _content(file: Zip, one: Placed) -> bytes:
    return file.content(one.member) if one.content is None else one.content


def _packed(file: Zip, one: Placed) -> tuple[int, bytes]:
    return (one.member.method, file.packed(one.member)) if one.content is None else (0, one.content)


def _copy(chosen: Iterable[_Source], writer: Writer) -> None:
    for file, one in chosen:
        if one.content is None:
            writer.copy(one.path, file, one.member, executable=one.executable)
        else:
            writer.add(one.path, one.content, executable=one.executable)
