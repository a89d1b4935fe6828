"""A wheel that others made → the certainty that its members are what they claim to be, gained once.

An archive is put together from compressed members as they are, so that nothing decompresses them again before
Lambda does. Wheels that were built here are none of this: each member of theirs was just compressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.errors import ArchiveError, Fault
from pylayer.graph import together
from pylayer.store.kinds import SOUND
from pylayer.wheels import recorded
from pylayer.zips import integrity
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Iterator, Mapping

    from pylayer.graph import Graph
    from pylayer.store import Store
    from pylayer.wheels import Wheel
    from pylayer.zips.members import Member

_SHARE = 1 << 23  # unzipped bytes that one step looks at: a few hundredths of a second
_TOLD = 5
_HINT = "whoever published it is at fault: choose another version, or have it built (`build-from-source`)"


async def ensure(wheel: Wheel, *, graph: Graph, store: Store) -> None:
    """Have every member of `wheel` decompressed, and held to its size, CRC-32 and hash in RECORD.

    The members are shared out among the threads of `graph`; `store` keeps that all was well under the wheel's
    sha256. Raises ArchiveError listing the members that are not as they should be.
    """
    if not is_known(wheel, store=store):
        await graph.once(("sound", wheel.sha256), lambda: _looked(wheel, graph=graph, store=store))


def is_known(wheel: Wheel, *, store: Store) -> bool:
    """Whether `ensure` has nothing to look at."""
    return store.record(SOUND, wheel.sha256) is not None


async def _looked(wheel: Wheel, *, graph: Graph, store: Store) -> None:
    with await graph.compute(Zip, wheel.path, label=wheel.filename, sha256=wheel.sha256) as archive:
        hashes = await graph.compute(recorded, archive)
        steps: list[Awaitable[list[Fault]]] = [
            graph.compute(_wrong, archive, share, hashes) for share in _shares(archive.members)
        ]
        found = [fault for faults in await together(steps) for fault in faults]
    if found:
        told = found[:_TOLD]
        if more := len(found) - len(told):
            told.append(Fault(what=f"{more} more of its files are damaged in this way", where=wheel.filename))
        raise ArchiveError.of(told)
    store.put_record(SOUND, wheel.sha256, {})


def _shares(members: Iterable[Member]) -> Iterator[list[Member]]:
    share: list[Member] = []
    size = 0
    for member in members:
        share.append(member)
        size += member.size
        if size >= _SHARE:
            yield share
            share, size = [], 0
    yield share


def _wrong(archive: Zip, members: Iterable[Member], hashes: Mapping[str, str]) -> list[Fault]:
    return [
        Fault(what=what, where=f"{archive.label}: {member.name}", hint=_HINT)
        for what, member in integrity.wrong(archive, members, hashes=hashes)
    ]
