"""Members of a zip → those that do not decompress to what they should.

Whoever copies compressed members never sees their content, so this is looked at once, before.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from deflate import crc32

from pylayer.zips.format import DEFLATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pylayer.zips.members import Member
    from pylayer.zips.reader import Zip

_PIECE = 1 << 16  # compressed bytes, of which a thousand times as many may come
_HASHES = ("sha256", "sha384", "sha512")  # the format allows none that is weaker
_DAMAGED = "is damaged: it has not the size and CRC-32 that it should"


def wrong(
    archive: Zip, members: Iterable[Member], *, hashes: Mapping[str, str]
) -> Iterator[tuple[str, Member]]:
    """What is wrong with a member, and the member, for each that is not what it should be.

    `hashes` are the words of a RECORD by member's name (`sha256=` and unpadded base64); members without one
    are held to their size and CRC-32 alone. Raises ArchiveError as `Zip.view` does.
    """
    for member in members:
        expected = hashes.get(member.name, "")
        algorithm = expected.partition("=")[0].lower()
        hashed = hashlib.new(algorithm) if algorithm in _HASHES else None
        size, crc = 0, 0
        try:
            for piece in _pieces(archive, member):
                size, crc = size + len(piece), crc32(piece, crc)
                if hashed:
                    hashed.update(piece)
                if size > member.size:
                    break
        except zlib.error:
            yield _DAMAGED, member
            continue
        if (size, crc) != (member.size, member.crc):
            yield _DAMAGED, member
        elif hashed and _word(algorithm, hashed.digest()) != expected.rstrip("="):
            yield f"is not the file that the wheel's RECORD lists: its {algorithm} differs", member


def _pieces(archive: Zip, member: Member) -> Iterator[bytes | memoryview]:
    view = archive.view(member)
    if member.method != DEFLATED:
        yield view
    else:
        # zlib, which is what all readers are held to: libdeflate is faster, and takes what zlib refuses.
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        for start in range(0, len(view), _PIECE):
            yield inflater.decompress(view[start : start + _PIECE])
        if not inflater.eof:
            raise zlib.error("it is cut short")


def _word(algorithm: str, digest: bytes) -> str:
    return f"{algorithm}={urlsafe_b64encode(digest).rstrip(b'=').decode()}"
