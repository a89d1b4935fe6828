"""Which files git tracks → a git directory that says so, the same bytes on every machine.

It holds no history and no content: every file is the empty blob, marked so that git does not look whether it
changed. `git ls-files` and `git check-ignore` answer from it as they do in the checkout.
https://git-scm.com/docs/gitrepository-layout
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

# Without this folder it is no git directory. No empty one can be given, and git takes this name for no ref's:
# `git fsck` of 2.55 calls any other one damage.
REFS = "refs/none.lock"
REGULAR = 0o100644
_FOLDER = 0o40000
_GITLINK = 0o160000
_ASSUME_VALID = 0x8000  # https://git-scm.com/docs/index-format
_LONGEST_NAME = 0xFFF
CONFIG = b"[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n"
# A commit's author and date are of no matter, and must be the same everywhere.
_AUTHOR = b"pylayer <pylayer> 315532800 +0000"


def files(
    tracked: Mapping[str, int],
    *,
    committed: Mapping[str, int] | None = None,
    exclude: bytes = b"",
    attributes: bytes = b"",
    worktree: str = "",
) -> dict[str, bytes]:
    """Give the files of a git directory, by their names in it.

    `tracked` and `committed` are modes by path (posix, from the worktree's top): of the index, and of HEAD,
    without which there is no commit yet. `exclude` and `attributes` are the files of these names in info.
    `worktree` is where the files are, unless beside `.git`.
    """
    objects: dict[str, bytes] = {}
    empty = _put(objects, b"blob", b"")
    found = {
        "HEAD": b"ref: refs/heads/main\n",
        "config": CONFIG + (f"\tworktree = {worktree}\n".encode() if worktree else b""),
        "index": index({name: (mode, empty) for name, mode in tracked.items()}),
        "info/attributes": attributes,
        "info/exclude": exclude,
        REFS: b"",
    }
    if committed is not None:
        tree = _tree(objects, [(name.split("/"), mode, empty) for name, mode in committed.items()])
        text = b"tree %s\nauthor %s\ncommitter %s\n\n" % (tree.hex().encode(), _AUTHOR, _AUTHOR)
        found["refs/heads/main"] = _put(objects, b"commit", text).hex().encode() + b"\n"
    return found | objects


def index(entries: Mapping[str, tuple[int, bytes]], *, changed: AbstractSet[str] = frozenset()) -> bytes:
    """Give an index of version 2, whose entries have no status and are taken as unchanged, but for some."""
    looked_at = set(map(os.fsencode, changed))
    listed = sorted((os.fsencode(name), *entry) for name, entry in entries.items())
    data = bytearray(b"DIRC" + struct.pack(">II", 2, len(listed)))
    for name, mode, blob in listed:
        flags = (0 if name in looked_at else _ASSUME_VALID) | min(len(name), _LONGEST_NAME)
        entry = struct.pack(">10I", *(0,) * 6, mode, *(0,) * 3) + blob + struct.pack(">H", flags) + name
        data += entry + bytes(8 - len(entry) % 8)
    return bytes(data) + hashlib.sha1(data, usedforsecurity=False).digest()


def _tree(objects: dict[str, bytes], listed: Sequence[tuple[Sequence[str], int, bytes]]) -> bytes:
    """Put a tree with all below it among the objects; give its name."""
    folders: dict[str, list[tuple[Sequence[str], int, bytes]]] = {}
    members: dict[bytes, tuple[int, bytes]] = {}
    for (first, *rest), mode, blob in listed:
        if rest:
            folders.setdefault(first, []).append((rest, mode, blob))
        else:
            members[os.fsencode(first)] = (mode, blob)
    for folder, inner in folders.items():
        members[os.fsencode(folder)] = (_FOLDER, _tree(objects, inner))
    content = b"".join(
        b"%o %s\0%s" % (mode, name, blob) for name, (mode, blob) in sorted(members.items(), key=_sorted_by)
    )
    return _put(objects, b"tree", content)


def _sorted_by(member: tuple[bytes, tuple[int, bytes]]) -> bytes:
    """Git sorts folders as if their names ended with a slash."""
    name, (mode, _) = member
    return name + (b"/" if mode == _FOLDER else b"")


def _put(objects: dict[str, bytes], kind: bytes, content: bytes) -> bytes:
    """Put an object among the loose ones; give its name (20 bytes)."""
    whole = b"%s %d\0" % (kind, len(content)) + content
    name = hashlib.sha1(whole, usedforsecurity=False).digest()
    objects[f"objects/{name.hex()[:2]}/{name.hex()[2:]}"] = b"".join(_stored(whole))
    return name


def _stored(data: bytes) -> Iterator[bytes]:
    """Wrap `data` as zlib does without compressing: compressors differ, and these bytes are in keys."""
    yield b"\x78\x01"
    chunks = [data[start : start + 0xFFFF] for start in range(0, len(data), 0xFFFF)]
    for index, chunk in enumerate(chunks):
        yield struct.pack("<BHH", index == len(chunks) - 1, len(chunk), len(chunk) ^ 0xFFFF) + chunk
    yield struct.pack(">I", zlib.adler32(data))
