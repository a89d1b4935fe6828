"""A bucket → the records that its signed packs have and the files that these need, and what a run adds to it.

It is slower where the bucket is, never wrong, and never a failure: the first thing that goes wrong is told
once, and from then on the run goes on as if there were no bucket.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pylayer import activity
from pylayer.amounts import size_text
from pylayer.dataclassing import dataclass
from pylayer.remote import packs
from pylayer.remote.bucket import BucketError
from pylayer.remote.packs import Head
from pylayer.statements.envelopes import UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.remote.bucket import Bucket
    from pylayer.remote.packs import RecordName
    from pylayer.statements.envelopes import Signer
    from pylayer.store import Store

_MOST_HEADS = 256
_OF_ALL = "all"  # the head of runs that make all builds there are
_AT_ONCE = 256  # files of one upload
RENEWED = timedelta(days=10)  # after which a file that is still needed is written anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A part of the bucket: the `folder` that it is in, where its heads are, whose records it may have."""

    folder: str
    heads: str
    keys: tuple[str, ...]

    @classmethod
    def of_main(cls, keys: Iterable[str]) -> Area:
        """The part that everybody reads."""
        return cls(folder="", heads="heads/main/", keys=tuple(keys))

    @classmethod
    def of_scope(cls, scope: str, keys: Iterable[str]) -> Area:
        """The part that a pull request alone reads."""
        return cls(folder=f"{scope}/", heads=f"{scope}/heads/", keys=tuple(keys))

    def blob(self, sha256: str) -> str:
        """Where a file is."""
        return f"{self.folder}blobs/{sha256[:2]}/{sha256}"

    def pack(self, sha256: str) -> str:
        """Where a pack is."""
        return f"{self.folder}packs/{sha256}"


class SharedStore:
    """What is behind the store of this machine, for one run; see `pylayer.store.Behind`.

    `areas` are the parts that it reads, the main one first: it adds to the last one, under `scope`.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        areas: Sequence[Area],
        note: Callable[[str], None],
        renewed: timedelta = RENEWED,
    ) -> None:
        self._bucket = bucket
        self._areas = tuple(areas)
        self._renewed = renewed
        self._note = note
        self._lock = threading.Lock()
        self._lost = False
        self._heads: dict[str, Head] = {}
        self._records: dict[RecordName, Any] = {}
        self._files: dict[str, Area] = {}
        self._of_main: frozenset[RecordName] = frozenset()
        self._seen: dict[RecordName, Any] = {}
        self._gone: set[str] = set()  # files that packs' records need, and that are not there
        self._damaged: set[str] = set()  # files of the part that is added to
        self._hits = 0
        self._fetched = 0
        self._size = 0

    @property
    def records(self) -> Mapping[RecordName, Any]:
        """All that the packs have."""
        return self._records

    @property
    def heads(self) -> Mapping[str, Head]:
        """The heads that are believed, by their names."""
        return self._heads

    @property
    def folder(self) -> str:
        """The part of the bucket that this run adds to: empty, or ending in a slash."""
        return self._areas[-1].folder

    def sizes(self) -> Mapping[str, int]:
        """The sizes of all objects, by their paths; raises BucketError."""
        return {
            folder + path: size
            for folder in ("blobs/", "packs/")
            for path, size in self._bucket.sizes(folder).items()
        }

    def open(self) -> None:
        """Read the packs."""
        try:
            with activity.doing("reading what the shared store has"):
                self._read()
        except BucketError as error:
            self._give_up(error)

    def _read(self) -> None:
        for area in self._areas:
            found = self._records_in(area)
            # What the main part has goes before what a pull request says.
            self._files = dict.fromkeys(packs.files_of(found), area) | self._files
            self._records = found | self._records
            if area is self._areas[0]:
                self._of_main = frozenset(found)

    def _records_in(self, area: Area) -> dict[RecordName, Any]:
        signed = self._bucket.read_below(
            area.heads, likely=_OF_ALL, most=packs.LARGEST_HEAD, at_most=_MOST_HEADS
        )
        refused: dict[str, str] = {}
        heads: dict[str, Head] = {}
        for name, envelope in signed.items():
            try:
                heads[name] = packs.head_of(envelope, name=name, keys=area.keys, where="cache.keys")
            except UnverifiedError as error:
                refused[name] = str(error)
        wanted = sorted({head.pack for head in heads.values()})
        packed = self._bucket.read_all([area.pack(pack) for pack in wanted], most=packs.LARGEST)
        records: dict[RecordName, Any] = {}
        for pack, content in zip(wanted, packed, strict=True):
            if content is None:
                continue
            try:
                if packs.sha256_of(content) != pack:
                    raise ValueError("is damaged")  # noqa: TRY301  told as the others
                records |= packs.unpacked(content)
            except ValueError as error:
                self._note(f"the shared store: {area.pack(pack[:12])}… {error}, and is not used")
        for name, reason in refused.items():
            self._note(f"the shared store: {area.heads}{name} is not used: its signature {reason}")
        self._heads = heads  # of the part that is added to, which is read last
        return records

    def record(self, kind: str, key: str) -> Any | None:  # noqa: ANN401  as its kind's shape has it
        """Give a record that a pack has."""
        found = self._records.get((kind, key))
        if found is not None:
            with self._lock:
                self._hits += 1
        return found

    def saw(self, kind: str, key: str, value: Any) -> None:  # noqa: ANN401  as above
        """Hear of a record that this run found or made."""
        self._seen[kind, key] = value

    def has(self, sha256: str) -> bool:
        """Say whether a pack's record needs this file; it was there once, and is most likely still."""
        return not self._lost and sha256 in self._files

    def fetch(self, wanted: Mapping[str, Path]) -> list[str]:
        """Write the files that packs' records need; what comes is not what it should be, maybe."""
        asked = {self._files[sha256].blob(sha256): sha256 for sha256 in wanted if self.has(sha256)}
        if not asked:
            return []
        first, *others = asked.values()
        what = f"{first[:12]}…" + (f" and {len(others)} more files" if others else "")
        try:
            with activity.doing(f"fetching {what} from the shared store"):
                came, wrong = self._bucket.fetch_all({path: wanted[asked[path]] for path in asked})
        except BucketError as error:
            came, wrong = [], error
        size = sum(wanted[asked[path]].stat().st_size for path in came)
        activity.received(size)
        with self._lock:
            self._fetched += len(came)
            self._size += size
            for path in asked.keys() - set(came):
                self._files.pop(asked[path], None)
                self._gone.add(asked[path])
        if wrong:
            self._give_up(wrong)
        return [asked[path] for path in came]

    def damaged(self, sha256: str, size: int) -> None:
        """Tell that a file was not what it should be: who adds to that part replaces it, and nobody else."""
        with self._lock:
            self._fetched -= 1
            self._size -= size
            area = self._files.pop(sha256, self._areas[0])
            if area is self._areas[-1]:
                self._damaged.add(sha256)
        self._note(
            f"the shared store: {area.blob(sha256)} is damaged, and is made again here: "
            "remove it there, or let a run that adds replace it"
        )

    def share(
        self, store: Store, signer: Signer, *, builds: Iterable[str], complete: bool, name: str = ""
    ) -> None:
        """Put there what this run found or made: files first, then the pack, then its head.

        `builds` are those of the run, by which its head is named where it has no other `name`; `complete`
        where they are all that there are.
        """
        if self._lost:
            return
        own = hashlib.sha256("\n".join(sorted(builds)).encode()).hexdigest()[:16]
        name = name or (_OF_ALL if complete else own)
        now = datetime.now(tz=UTC)
        try:
            self._share(store, signer, name=name, now=now)
        except BucketError as error:
            self._give_up(error)

    def _share(self, store: Store, signer: Signer, *, name: str, now: datetime) -> None:
        area = self._areas[-1]
        year, week, _ = now.isocalendar()
        records = dict(self._seen)
        if area is not self._areas[0]:
            records = {each: value for each, value in records.items() if self._others(each) != value}
        content = packs.packed(records, week=f"{year}-{week}")
        before = self._heads.get(name)
        known = before and (before.pack, before.written) == (packs.sha256_of(content), now.date().isoformat())
        if known and not self._gone and not self._damaged:
            return
        with activity.doing("adding to the shared store"):
            there = self._bucket.listed(f"{area.folder}blobs/")
            ages = {path.rpartition("/")[2]: now - written for path, (_, written) in there.items()}
            missing: list[tuple[str, Path | bytes]] = []
            needed = packs.files_of(records)
            for sha256, names in needed.items():
                if sha256 in ages:
                    continue
                if path := store.blob(sha256):
                    missing.append((area.blob(sha256), path))
                else:
                    for each in names:
                        records.pop(each, None)
            made = 0
            for first in range(0, len(missing), _AT_ONCE):
                made += self._bucket.create_all(missing[first : first + _AT_ONCE])
            self._mend(store, area, needed)
            content = packs.packed(records, week=f"{year}-{week}")
            pack = packs.sha256_of(content)
            self._bucket.create_all([(area.pack(pack), content)])
            head = Head(name=name, pack=pack, written=now.date().isoformat())
            self._bucket.replace(area.heads + name, packs.signed(head, signer))
        self._note(f"added {_files(made)} and {len(records)} records to the shared store")
        self._renew(store, [each for each in needed if ages.get(each, timedelta()) >= self._renewed], area)

    def _mend(self, store: Store, area: Area, needed: Iterable[str]) -> None:
        """Replace what was damaged there by what this run has, as its sha256 says."""
        whole = [(area.blob(each), store.blob(each)) for each in self._damaged & set(needed)]
        if there := [(path, file) for path, file in whole if file]:
            self._bucket.replace_all(there)
            self._note(f"replaced {_files(len(there))} of the shared store: damaged")

    def _others(self, name: RecordName) -> Any:  # noqa: ANN401  as its kind's shape has it
        """The value that a record has for everybody."""
        return self._records.get(name) if name in self._of_main else None

    def _renew(self, store: Store, old: Sequence[str], area: Area) -> None:
        """Write files anew that are needed and old, so that no rule of the bucket removes them soon."""
        if not old:
            return
        made = 0
        with activity.doing("renewing what the shared store has"):
            for first in range(0, len(old), _AT_ONCE):
                some = old[first : first + _AT_ONCE]
                lost = frozenset(store.have(some))
                there = [(area.blob(each), store.place(each)) for each in some if each not in lost]
                self._bucket.replace_all(there)
                made += len(there)
        self._note(f"renewed {_files(made)} of the shared store")

    def summary(self) -> str:
        """Say in a line what it gave; empty where it was left."""
        if self._lost:
            return ""
        if not self._hits + self._fetched:
            return "nothing came from the shared store"
        return (
            f"{self._hits} records and {_files(self._fetched)} ({size_text(self._size)}) "
            "came from the shared store"
        )

    def close(self) -> None:
        """Ask nothing more."""
        self._lost = True
        self._bucket.close()

    def _give_up(self, error: BucketError) -> None:
        with self._lock:
            first, self._lost = not self._lost, True
        if first:
            self._records = {}
            self._note(f"the shared store {error}: this run goes on without it")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
