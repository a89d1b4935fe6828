"""Records ↔ the bytes of a pack, and a pack's head, which is signed.

A pack is JSON lines, gzipped: first what it is, then `[kind, key, value]` of each record, sorted, so that the
same records give the same bytes. A head is a DSSE envelope that names a pack by its sha256.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

from pylayer.dataclassing import dataclass
from pylayer.digests import Digest
from pylayer.statements import envelopes
from pylayer.statements.envelopes import UnverifiedError
from pylayer.store import kinds
from pylayer.store.kinds import RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.statements.envelopes import Signer

    RecordName = tuple[str, str]  # of its kind, and its key

PAYLOAD_TYPE = "application/vnd.pylayer.head+json"
LARGEST_HEAD = 1 << 16
LARGEST = 1 << 28  # bytes of a pack, unpacked: of more than a million records
_FORMAT = 1

TRAVELLING: Mapping[str, RecordKind[Any]] = {
    kind.name: kind for kind in vars(kinds).values() if isinstance(kind, RecordKind) and kind.travels
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which pack has the records of the builds that a run made; `written` is a date (ISO 8601)."""

    name: str
    pack: Digest
    written: str


def packed(records: Mapping[RecordName, Any], *, week: str) -> bytes:
    """Make a pack; one of another `week` has another name, so that it is not older than its heads."""
    lines = [["pylayer", _FORMAT, week], *([*name, records[name]] for name in sorted(records))]
    text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    return gzip.compress(text.encode(), mtime=0)


def unpacked(content: bytes) -> dict[RecordName, Any]:
    """Give the records of a pack whose values have their kind's shape; ValueError for what is none."""
    inflating = zlib.decompressobj(wbits=31)
    try:
        text = inflating.decompress(content, LARGEST)
        if inflating.unconsumed_tail or not inflating.eof:
            raise ValueError("is too large, or cut")
        head, *lines = [json.loads(line) for line in text.splitlines()]
    except (zlib.error, RecursionError) as error:
        raise ValueError("is damaged") from error
    if not isinstance(head, list) or head[:2] != ["pylayer", _FORMAT]:
        raise ValueError("is of another format")
    found = {}
    for line in lines:
        try:
            name, key, value = line
            found[name, key] = TRAVELLING[name].read(value)
        except (TypeError, ValueError, KeyError):
            continue  # another version's
    return found


def signed(head: Head, signer: Signer) -> bytes:
    """Sign a head."""
    payload = {"format": _FORMAT, "name": head.name, "pack": head.pack, "written": head.written}
    return signer.envelope(json.dumps(payload, sort_keys=True).encode(), kind=PAYLOAD_TYPE)


def head_of(content: bytes, *, name: str, keys: Iterable[str], where: str) -> Head:
    """Give the head of this name that one of the public `keys` has signed; UnverifiedError for any other."""
    payload = envelopes.verified(content, keys, kind=PAYLOAD_TYPE, where=where)
    try:
        found = json.loads(payload)
        own, version, pack, written = (found[each] for each in ("name", "format", "pack", "written"))
    except (ValueError, KeyError, TypeError) as error:
        raise UnverifiedError("is about no pack") from error
    digest = Digest.or_none(pack) if isinstance(pack, str) else None
    if (own, version) != (name, _FORMAT) or digest is None or not isinstance(written, str):
        raise UnverifiedError("is about something else")
    return Head(name=name, pack=digest, written=written)


def files_of(records: Mapping[RecordName, Any]) -> dict[str, list[RecordName]]:
    """Give the sha256s of the files that records need, each with their names.

    A wheel in which nothing was stripped is the one that came, from wherever that was.
    """
    found: dict[str, list[RecordName]] = {}
    for name, value in records.items():
        if name[0] in _WITH_FILES and value.get("saved") != 0:
            found.setdefault(value["sha256"], []).append(name)
    return found


_WITH_FILES = frozenset(kind.name for kind in TRAVELLING.values() if kind.with_file)


def sha256_of(content: bytes) -> Digest:
    """Give the name of a pack."""
    return Digest(hashlib.sha256(content).hexdigest())
