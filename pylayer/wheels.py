"""A wheel file → a Wheel: what its name, METADATA, WHEEL and members say, and its one canonical form.

The format is https://packaging.python.org/en/latest/specifications/binary-distribution-format/.
"""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from dataclasses import asdict
from math import prod
from typing import TYPE_CHECKING, Any

from pylayer import recordfile, unions
from pylayer.dataclassing import dataclass
from pylayer.errors import ArchiveError, Fault
from pylayer.names import normalise
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from email.message import Message
    from pathlib import Path

    from pylayer.zips.members import Member

_BUILD_HINT = "what wrote this wheel is at fault: its build backend, or a tool that changed it afterwards"
# Bytes: real ones have some thousands and some hundreds, and parsing takes nine times as much. RECORD has a
# hundred for each file.
_LONGEST = {"METADATA": 8 << 20, "WHEEL": 64 << 10, "entry_points.txt": 8 << 20, "RECORD": 64 << 20}
_MOST_TAGS = 1000  # that one line stands for: real ones have a dozen
_ELF = b"\x7fELF"
_MACH_O = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")
_MACH_O_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
_MOST_FAT = 43  # Java classes begin like fat Mach-O; then comes their version, 45 or more, not a count
_DOS_HEADER = 0x40
_NATIVE_SUFFIXES = (".so", ".pyd", ".dylib", ".exe")
_PATH_REQUIRED = re.compile(rb"(?im)^(Requires-Dist:[ \t]*)([^\r\n]*@[ \t]*file:[^\r\n]*)")
_UNION_REQUIRED = re.compile(rb"(?im)^(Requires-Dist:[ \t]*)([^\r\n]*\|\|[^\r\n]*)")
_SMALLEST_NATIVE = 28  # bytes of a Mach-O header, the shortest of the three


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a wheel says of itself.

    `name` and `extras` are normalised (PEP 503, PEP 685), `version` too (PEP 440); `requires` are the
    Requires-Dist lines as they stand; `tags` those of the file name, which installers go by, expanded and
    sorted. `native` is True when any member is ELF, Mach-O or PE by its first bytes, whatever the tags say.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    requires_python: str | None = None
    tags: tuple[str, ...] = ("py3-none-any",)
    root_is_purelib: bool = True
    native: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel file: where it is, the name it has (a store's path says nothing), and its `sha256` (hex)."""

    path: Path
    filename: str
    sha256: str
    metadata: Metadata

    @property
    def pure(self) -> bool:
        """Whether it serves every architecture."""
        return self.metadata.root_is_purelib and not self.metadata.native


def read(path: Path, *, filename: str | None = None, sha256: str | None = None) -> Wheel:
    """Read the wheel at `path`, called `filename` where the path does not end in its name.

    Its hash is taken from `sha256` (hex) where the caller has just checked it. Raises ArchiveError listing
    all that makes it no valid wheel, StoreError when it cannot be read.
    """
    filename = filename or path.name
    with Zip(path, label=filename) as archive:
        metadata = _read_metadata(archive)
        return Wheel(path=path, filename=filename, sha256=sha256 or archive.sha256(), metadata=metadata)


def to_json(wheel: Wheel) -> dict[str, Any]:
    """Everything of `wheel` but its path."""
    return {"filename": wheel.filename, "sha256": wheel.sha256, "metadata": asdict(wheel.metadata)}


def from_json(data: Mapping[str, Any], path: Path) -> Wheel:
    """The wheel of `to_json`, at `path`."""
    fields = data["metadata"]
    lists = {key: tuple(value) for key, value in fields.items() if isinstance(value, list)}
    return Wheel(
        path=path, filename=data["filename"], sha256=data["sha256"], metadata=Metadata(**{**fields, **lists})
    )


def canonicalise(source: Path, destination: Path, *, neighbours: Collection[str] = ()) -> None:
    """Write the wheel at `source` to `destination`, as its members' names, bits and bytes alone decide.

    Sorted, dated 1980-01-01, modes 0644 and 0755, recompressed by the pinned compressor, RECORD written anew.
    Left out are directories, `__pycache__`, RECORD's signatures (they no longer hold) and direct_url.json,
    which tells a path of the machine. So does a requirement such as `name @ file:///…`: of the `neighbours`
    (normalised names), the name is required instead. poetry's `||` becomes what PEP 508 knows. Raises
    ArchiveError for what is no safe zip, or damaged.
    """
    with Zip(source) as archive, Writer(destination) as writer:
        folder = dist_info(archive.members, archive.label)
        record = f"{folder}/RECORD"
        dropped = {record, *recordfile.signatures(record), f"{folder}/direct_url.json"}
        kept = {
            member.name: member
            for member in archive.members
            if member.name not in dropped and not is_bytecode(member.name)
        }
        contents = {name: archive.content(member) for name, member in kept.items()}
        metadata = f"{folder}/METADATA"
        if metadata in contents:
            contents[metadata] = _readable(contents[metadata], neighbours)
        contents[record] = recordfile.listing(contents, record=record)
        for name, content in sorted(contents.items()):
            writer.add(name, content, executable=name in kept and kept[name].executable)
        writer.finish()


def _readable(metadata: bytes, neighbours: Collection[str]) -> bytes:
    """METADATA in which no requirement on one of the `neighbours` is on a path, nor any in poetry's words."""
    end = re.search(rb"\r?\n\r?\n", metadata)
    head = metadata[: end.start()] if end else metadata
    changed = _UNION_REQUIRED.sub(_without_union, head)
    changed = _without_paths(changed, neighbours) if neighbours else changed
    return changed + metadata[len(head) :]


def _without_union(match: re.Match[bytes]) -> bytes:
    try:
        known = unions.rewritten(match[2].decode())
    except UnicodeDecodeError:
        known = ""
    return match[1] + known.encode() if known else match[0]


def _without_paths(head: bytes, neighbours: Collection[str]) -> bytes:
    from packaging.requirements import InvalidRequirement, Requirement

    def plain(match: re.Match[bytes]) -> bytes:
        try:
            requirement = Requirement(match[2].decode(errors="replace"))
        except InvalidRequirement:
            return match[0]  # whoever follows it says what is wrong with it
        if normalise(requirement.name) not in neighbours:
            return match[0]
        requirement.url = None
        return match[1] + str(requirement).encode()

    return _PATH_REQUIRED.sub(plain, head)


def dist_info(members: Iterable[Member], label: str) -> str:
    """The one `.dist-info` folder of the wheel called `label`; raises ArchiveError unless there is one."""
    tops = {member.name.partition("/")[0] for member in members if ".dist-info/" in member.name}
    found = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(found) != 1:
        listed = ", ".join(found) or "none"
        raise ArchiveError(
            f"does not have exactly one .dist-info folder: {listed}", where=label, hint=_BUILD_HINT
        )
    return found[0]


def recorded(archive: Zip) -> dict[str, str]:
    """The hashes that a wheel's RECORD lists, by member, as it writes them: `sha256=…`.

    Raises ArchiveError where it cannot be read, as by importlib.metadata: it has to be UTF-8.
    """
    from csv import Error

    record = f"{dist_info(archive.members, archive.label)}/RECORD"
    content = next(archive.content(member) for member in archive.members if member.name == record)
    try:
        content.decode()
        return {row[0]: row[1] for row in recordfile.rows(content) if len(row) > 1 and row[1]}
    except (UnicodeDecodeError, Error) as error:
        where = f"{archive.label}: {record}"
        raise ArchiveError(f"cannot be read: {error}", where=where, hint=_BUILD_HINT) from error


def is_bytecode(name: str) -> bool:
    """Whether a member lies in a `__pycache__` folder: installers leave those out, they are stale at best."""
    return "__pycache__/" in name and "__pycache__" in name.split("/")[:-1]


def _read_metadata(archive: Zip) -> Metadata:
    folder = dist_info(archive.members, archive.label)
    members = {member.name: member for member in archive.members}
    if missing := [name for name in ("METADATA", "WHEEL", "RECORD") if f"{folder}/{name}" not in members]:
        where = f"{archive.label}: {folder}"
        raise ArchiveError(f"has no {', '.join(missing)}", where=where, hint=_BUILD_HINT)
    for name, longest in _LONGEST.items():
        member = members.get(f"{folder}/{name}")
        if member and member.size > longest:
            what = f"has a {name} of {member.size} bytes: more than {longest} are not read"
            raise ArchiveError(what, where=archive.label, hint=_BUILD_HINT)
    metadata = _fields(archive.content(members[f"{folder}/METADATA"]))
    wheel = _fields(archive.content(members[f"{folder}/WHEEL"]))
    if faults := list(_faults(archive.label, folder, metadata, wheel)):
        raise ArchiveError.of(Fault(what=what, where=archive.label, hint=_BUILD_HINT) for what in faults)
    from packaging.utils import parse_wheel_filename
    from packaging.version import Version

    return Metadata(
        name=normalise(metadata["Name"]),
        version=str(Version(metadata["Version"])),
        requires=tuple(metadata.get_all("Requires-Dist", ())),
        extras=tuple(sorted({normalise(extra) for extra in metadata.get_all("Provides-Extra", ())})),
        requires_python=metadata.get("Requires-Python"),
        tags=tuple(sorted(map(str, parse_wheel_filename(archive.label)[3]))),
        root_is_purelib=wheel.get("Root-Is-Purelib", "").lower() == "true",
        native=_has_native(archive),
    )


def _fields(text: bytes) -> Message:
    from email.parser import HeaderParser

    return HeaderParser().parsestr(text.decode(errors="replace"))


def _tags(wheel: Message) -> frozenset[str]:
    """The tags that WHEEL tells, less what is none: installers go by those of the file's name."""
    from packaging.tags import parse_tag

    found = set()
    for line in wheel.get_all("Tag", ()):
        # Each part may list several: a line of a few hundred characters stands for millions of tags.
        if prod(part.count(".") + 1 for part in line.split("-")) <= _MOST_TAGS:
            with suppress(ValueError):
                found |= {str(tag) for tag in parse_tag(line.strip())}
    return frozenset(found)


def _faults(filename: str, folder: str, metadata: Message, wheel: Message) -> Iterator[str]:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename
    from packaging.version import Version

    if filename != posixpath.basename(filename):
        yield "is named by a path"
    if not wheel.get("Wheel-Version", "").startswith("1."):
        yield f"has Wheel-Version {wheel.get('Wheel-Version', 'missing')}: only 1.x is known"
    try:
        name, version, _, named_tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        yield f"does not have a wheel's file name: {error}"
        return
    if normalise(metadata.get("Name", "")) != name:
        yield f"is named {name}, but its METADATA says {metadata.get('Name', 'nothing')}"
    if not normalise(folder).startswith(f"{name}-"):
        yield f"is named {name}, but holds {folder}"
    try:
        if Version(metadata.get("Version", "")) != version:
            yield f"is named version {version}, but its METADATA says {metadata['Version']}"
    except ValueError as error:  # of packaging, or of Python, for thousands of digits
        yield f"has a METADATA without a valid version: {error}"
    # Published wheels get renamed to other platforms than WHEEL says, but none to be for all of them.
    named = {str(tag) for tag in named_tags}
    tags = _tags(wheel)
    if tags and not tags & named and all(tag.endswith("-any") for tag in named):
        yield f"is named for any platform, but its WHEEL says: {', '.join(sorted(tags))}"


def _has_native(archive: Zip) -> bool:
    # The likely ones first: of a wheel with native code, few members are looked at.
    members = sorted(archive.members, key=lambda member: member.name.endswith(_NATIVE_SUFFIXES))
    return any(
        _is_native(archive.head(member, _DOS_HEADER), member.size)
        for member in reversed(members)
        if member.size >= _SMALLEST_NATIVE
    )


def _is_native(head: bytes, size: int) -> bool:
    if head.startswith((_ELF, *_MACH_O)):
        return True
    if head.startswith(_MACH_O_FAT):
        return int.from_bytes(head[4:8], "big") < _MOST_FAT
    # The place of PE's own header stands at the end of the DOS header; text that begins with MZ names none.
    return head.startswith(b"MZ") and len(head) == _DOS_HEADER <= int.from_bytes(head[60:64], "little") < size
