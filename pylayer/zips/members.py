"""A zip's central directory → its members, and why some of them cannot be copied as they are.

What is copied is never unpacked here, so names, kinds and places that an unpacker would stumble over, or be
fooled by, are found in the directory alone.
"""

from __future__ import annotations

import re
import stat
from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from pylayer.recordfile import undotted
from pylayer.zips.format import (
    CENTRAL_READ,
    CENTRAL_SIGNATURE,
    DEFLATED,
    ENCRYPTED,
    LIMIT32,
    LOCAL,
    NEWEST,
    PATCHED,
    STORED,
    UTF8,
    widen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# An ASCII line without these is a safe name.
_SUSPECT = ("\\", "\0", ":", "//", "\n/", "/./", "/../", "\n./", "\n../", "/.\n", "/..\n", "\n.\n", "\n..\n")
_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST = 1024  # characters of a path: Linux takes 4,096 bytes, and a character has four at most
_REFUSED = ENCRYPTED | PATCHED
_REGULAR = stat.S_IFREG >> 12
_ORDINARY = {(method, kind) for method in (STORED, DEFLATED) for kind in (0, _REGULAR)}
_EXECUTABLE = 0o111


class Member(NamedTuple):
    """A file in a zip, or a folder (its name ends in a slash); `packed` and `size` count bytes.

    A tuple, because thousands are made for one archive. `name` is as it is unpacked, `raw_name` as it stands
    there: `./a`. `offset` is where its local header starts, `mode` is
    the one of Unix with the file's type, 0 where the zip says none; `needed` is ten times the version of the
    format that says how to extract it.
    """

    name: str
    raw_name: bytes
    method: int
    crc: int
    packed: int
    size: int
    executable: bool
    offset: int
    mode: int
    flags: int
    needed: int


class DamagedError(ValueError):
    """A central directory that cannot be read; the message completes "the file …"."""


def parse(directory: bytes, *, count: int, limit: int) -> tuple[list[Member], list[tuple[str, str]]]:
    """The `count` members of `directory` by offset, and (what is wrong, name) for each that cannot be copied.

    No byte of theirs may lie at or behind `limit`. Raises DamagedError.
    """
    members = sorted(_members(directory, count), key=attrgetter("offset"))
    suspects = members
    if _are_plain([member.name for member in members]):
        # Nearly always none is left; a function called for each member would double what this costs.
        suspects = [
            member
            for member in members
            if (member.method, member.mode >> 12) not in _ORDINARY
            or member.flags & _REFUSED
            or member.needed > NEWEST
            or member.offset + LOCAL.size + member.packed > limit
            or (member.method == STORED and member.packed != member.size)
        ]
    return members, list(_refusals(suspects, limit))


def unsafe(name: str) -> str:
    """Why a file of this name must not be copied; empty when it may."""
    parts = name.removesuffix("/").split("/")
    rules = {
        "has a path that is too long": len(name) > _LONGEST,
        "has a name that is not text": "\0" in name or not (name.isascii() or _is_text(name)),
        "has a backslash in its name": "\\" in name,
        "has an absolute path": name.startswith("/") or _DRIVE.match(name),
        "has a path that leads outside": ".." in parts,
        "has an empty or `.` part in its path": "" in parts or "." in parts,
    }
    return next((what for what, broken in rules.items() if broken), "")


def _members(directory: bytes, count: int) -> list[Member]:
    # Thousands go through here, several times in a run: no call is made for each that can be spared.
    members = []
    unpack, made, ends = CENTRAL_READ.unpack_from, tuple.__new__, len(directory)
    position = 0
    for _ in range(count):
        start = position + CENTRAL_READ.size
        if start > ends:
            raise DamagedError("is damaged: its central directory is cut short")
        fields = unpack(directory, position)
        signature, needed, flags, method, crc, packed, size, name_length, extra_length = fields[:9]
        comment_length, attributes, offset = fields[9:]
        extra_start = start + name_length
        raw_name = directory[start:extra_start]
        position = extra_start + extra_length + comment_length
        if signature != CENTRAL_SIGNATURE or position > ends or not raw_name:
            raise DamagedError("is damaged: its central directory cannot be read")
        if LIMIT32 in (packed, size, offset):
            wide = widen(directory[extra_start : extra_start + extra_length], size, packed, offset)
            size, packed, offset = wide or (size, packed, offset)
        name = raw_name.decode() if raw_name.isascii() else _decode(raw_name, flags)
        if "./" in name:
            name = undotted(name)
        mode = attributes >> 16
        executable = mode & _EXECUTABLE != 0 and mode >> 12 == _REGULAR  # as installers decide it
        members.append(
            made(
                Member,
                (name, raw_name, method, crc, packed, size, executable, offset, mode, flags, needed),
            )
        )
    if position != ends:
        raise DamagedError("is damaged: its central directory holds more than it says")
    return members


def _decode(raw_name: bytes, flags: int) -> str:
    # Bytes that are no UTF-8 become surrogates, which `unsafe` refuses.
    if flags & UTF8:
        return raw_name.decode("utf-8", "surrogateescape")
    return raw_name.decode("cp437")


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _are_plain(names: list[str]) -> bool:
    text = "\n".join(["", *names, ""])
    safe = text.isascii() and not any(suspect in text for suspect in _SUSPECT)
    return safe and max(map(len, names), default=0) <= _LONGEST and len(set(names)) == len(names)


def _refusals(members: list[Member], limit: int) -> Iterator[tuple[str, str]]:
    for member in members:
        if what := unsafe(member.name) or _unknown(member):
            yield what, member.name
        if member.offset + LOCAL.size + member.packed > limit:
            yield "is damaged: it lies outside the file", member.name
    times = Counter(member.name for member in members)
    yield from (("is listed more than once", name) for name in times if times[name] > 1)


def _unknown(member: Member) -> str:
    if member.flags & ENCRYPTED:
        return "is encrypted"
    if member.needed > NEWEST:
        return f"needs version {member.needed / 10} of the zip format, which nobody extracts"
    if member.flags & PATCHED or member.method not in (STORED, DEFLATED):
        return f"uses an unknown compression method ({member.method})"
    if member.method == STORED and member.packed != member.size:
        return "is damaged: it is stored, but its two sizes differ"
    if stat.S_IFMT(member.mode) in (0, stat.S_IFREG) or (
        stat.S_ISDIR(member.mode) and member.name.endswith("/")
    ):
        return ""
    return "is a symlink" if stat.S_ISLNK(member.mode) else "is neither a file nor a folder"
