"""A finished archive and its wheels → what is in it: members, who gave them, and what its ELF files want."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from pylayer import recordfile
from pylayer.checks import credentials, elf, pointers
from pylayer.checks.elf import Elf
from pylayer.dataclassing import dataclass
from pylayer.limits import MOST_UNZIPPED
from pylayer.names import normalise
from pylayer.store.kinds import ELF
from pylayer.zips.format import DEFLATED
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.store import Store
    from pylayer.wheels import Wheel
    from pylayer.zips.members import Member

# The dynamic linker is never handed these, and they are nine files of ten.
_NEVER_ELF = (".py", ".pyc", ".pyi")
_SHORTEST_ELF = 52  # bytes of a 32-bit header
# Where an installer puts what it knows of a distribution; deeper ones belong to what another one vendors.
_INSTALLED = re.compile(
    r"(?P<root>python/(?:lib/python3\.\d+/site-packages/)?)(?P<folder>[^/]+)\.dist-info/[^/]+"
)
# How importlib names bytecode (PEP 3147, PEP 488): the module's own name may hold dots too.
_CACHED = re.compile(r"(?P<stem>.+?)\.[^.]+(?:\.opt-[^.]+)?\.pyc")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContents:
    """What is in an archive.

    `claims` maps a member's path to the distributions whose RECORD lists it, each with the hash written
    there; `elves` maps paths to ELF files, `secrets` to what credentials are in files of the team's own, of
    which `pointers` only stand for others. `size` is the zip's, in bytes.
    """

    name: str
    size: int
    members: tuple[Member, ...]
    wheels: tuple[Wheel, ...]
    claims: Mapping[str, Sequence[tuple[str, str]]]
    elves: Mapping[str, Elf]
    secrets: Mapping[str, str]
    pointers: frozenset[str]

    @property
    def unzipped_size(self) -> int:
        """Bytes of all members, as AWS counts them."""
        return sum(member.size for member in self.members)

    @property
    def distributions(self) -> dict[str, str]:
        """The versions of what is installed in it, by normalised name, as `.dist-info` folders tell."""
        found = filter(None, (installed(member.name, "RECORD") for member in self.members))
        parts = (match["folder"].partition("-") for match in found)
        return {normalise(name): version for name, _, version in sorted(parts)}

    def owner(self, path: str) -> str:
        """The distribution that gave `path` (of a `.pyc`, its source); empty where no RECORD lists it."""
        return owner(path, self.claims)

    def weights(self) -> list[tuple[str, int]]:
        """Distributions and their unzipped bytes, the heaviest first; what is no one's goes by its folder."""
        weights: Counter[str] = Counter()
        for member in self.members:
            weights[self.owner(member.name) or f"{member.name.partition('/')[0]}/"] += member.size
        return sorted(weights.items(), key=lambda item: (-item[1], item[0]))


def read(
    path: Path,
    *,
    name: str,
    wheels: Sequence[Wheel] = (),
    local: Collection[str] = (),
    memory: Store | None = None,
) -> ArchiveContents:
    """Read the archive of layer `name` at `path`, made of `wheels`; `local` names those that were built here.

    Raises ArchiveError for what Lambda could not or should not unpack, StoreError when it cannot be read.
    """
    with Zip(path) as archive:
        claims = claims_in(archive)
        elves = dict(_elves(archive, memory))
        own = [
            (name, credentials.inside(content), pointers.is_pointer(content))
            for name, content in _own(archive, claims, local, but=elves)
        ]
        return ArchiveContents(
            name=name,
            size=path.stat().st_size,
            members=tuple(archive.members),
            wheels=tuple(wheels),
            claims=claims,
            elves=elves,
            secrets={name: kind for name, kind, _ in own if kind},
            pointers=frozenset(name for name, _, pointer in own if pointer),
        )


def names(path: Path) -> frozenset[str]:
    """The paths of the archive at `path`; raises as `read` does."""
    with Zip(path) as archive:
        return frozenset(member.name for member in archive.members)


def installed(path: str, file: str) -> re.Match[str] | None:
    """A match where `path` is the `file` of a `.dist-info` folder in which importlib.metadata looks.

    Its groups are `root`, the folder on sys.path, and `folder`, the `.dist-info` folder's name without that
    end: `bleach-6.0.0`.
    """
    if not path.endswith(f".dist-info/{file}"):
        return None
    return _INSTALLED.fullmatch(path)


def claims_in(archive: Zip) -> dict[str, list[tuple[str, str]]]:
    """The paths that RECORDs list: who does, and the hash written there."""
    claims: dict[str, list[tuple[str, str]]] = {}
    for member in archive.members:
        if match := installed(member.name, "RECORD"):
            name = normalise(match["folder"].partition("-")[0])
            _claim(claims, match["root"], name, archive.content(member))
    return claims


def owner(path: str, claims: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The distribution that gave `path` (of a `.pyc`, its source); empty where no RECORD lists it."""
    if path not in claims and path.endswith(".pyc"):
        path = source_of(path)
    found = claims.get(path)
    return found[0][0] if found else ""


def source_of(path: str) -> str:
    """The `.py` of a `.pyc`, beside it or in `__pycache__`."""
    folder, _, name = path.rpartition("/")
    stem = name.removesuffix(".pyc")
    if folder.endswith("/__pycache__"):
        folder = folder.removesuffix("/__pycache__")
        stem = match["stem"] if (match := _CACHED.fullmatch(name)) else stem
    return f"{folder}/{stem}.py"


def _claim(claims: dict[str, list[tuple[str, str]]], root: str, owner: str, text: bytes) -> None:
    for row in recordfile.rows(text):
        claims.setdefault(f"{root}{row[0]}", []).append((owner, row[1] if len(row) > 1 else ""))


def _elves(archive: Zip, memory: Store | None) -> Iterator[tuple[str, Elf]]:
    for member in archive.members:
        name = member.name
        if name.endswith(_NEVER_ELF) or member.size < _SHORTEST_ELF or ".dist-info/" in name:
            continue
        if (name.endswith(".so") or archive.head(member, len(elf.MAGIC)) == elf.MAGIC) and (
            found := _elf(archive, member, memory)
        ):
            yield name, found


def _own(
    archive: Zip,
    claims: Mapping[str, Sequence[tuple[str, str]]],
    local: Collection[str],
    *,
    but: Collection[str],
) -> Iterator[tuple[str, bytes]]:
    """Small files of distributions built here, and of none: what is on an index is no secret."""
    for member in archive.members:
        name = member.name
        if not member.size or member.size > credentials.LARGEST or name.endswith(".pyc") or name in but:
            continue
        given = claims.get(name)
        if not given or given[0][0] in local:
            yield name, archive.content(member)


def _elf(archive: Zip, member: Member, memory: Store | None) -> Elf | None:
    packed = archive.view(member)
    if not memory:
        return elf.read(_unpacked(archive, member, packed))
    key = hashlib.sha256(packed).hexdigest()
    if known := memory.record(ELF, key):
        return Elf(**known["elf"]) if known["elf"] else None
    found = elf.read(_unpacked(archive, member, packed))
    memory.put_record(ELF, key, {"elf": asdict(found) if found else None})
    return found


def _unpacked(archive: Zip, member: Member, packed: memoryview) -> bytes | bytearray:
    if member.size > MOST_UNZIPPED:
        return b""  # its size is problem enough, and a small zip may claim any
    if member.method != DEFLATED:
        return bytes(packed)
    # Twice as fast as zlib, and these are a layer's biggest files.
    from deflate import DeflateError, deflate_decompress

    try:
        return deflate_decompress(packed, member.size)
    except DeflateError:
        return archive.content(member)  # says what is wrong with it
