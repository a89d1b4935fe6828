"""A bucket → the records that its signed packs have and the files that these need, and what a run adds to it.

It is slower where the bucket is, never wrong, and never a failure: the first thing that goes wrong is told
once, and from then on the run goes on as if there were no bucket.
"""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pylayer import activity
from pylayer.amounts import size_text
from pylayer.remote import packs
from pylayer.remote.bucket import BucketError
from pylayer.remote.packs import Head
from pylayer.statements.envelopes import UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pylayer.remote.bucket import Bucket
    from pylayer.remote.packs import RecordName
    from pylayer.statements.envelopes import Signer
    from pylayer.store import Store

HEADS = "heads/main/"
_MOST_HEADS = 256
_AT_ONCE = 256  # files of one upload


class SharedStore:
    """What is behind the store of this machine, for one run; see `pylayer.store.Behind`.

    `keys` are the public ones of whose packs it believes.
    """

    def __init__(self, bucket: Bucket, *, keys: Iterable[str], note: Callable[[str], None]) -> None:
        self._bucket = bucket
        self._keys = tuple(keys)
        self._note = note
        self._lock = threading.Lock()
        self._lost = False
        self._heads: dict[str, Head] = {}
        self._records: dict[RecordName, Any] = {}
        self._files: dict[str, Any] = {}
        self._seen: dict[RecordName, Any] = {}
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
        self._files = {**packs.files_of(self._records)}

    def _read(self) -> None:
        names = sorted(self._bucket.sizes(HEADS))[:_MOST_HEADS]
        contents = self._bucket.read_all([HEADS + name for name in names], most=packs.LARGEST_HEAD)
        refused: dict[str, str] = {}
        for name, content in zip(names, contents, strict=True):
            try:
                if content is not None:
                    self._heads[name] = packs.head_of(content, name=name, keys=self._keys, where="cache.keys")
            except UnverifiedError as error:
                refused[name] = str(error)
        wanted = sorted({head.pack for head in self._heads.values()})
        found = self._bucket.read_all([f"packs/{pack}" for pack in wanted], most=packs.LARGEST)
        for pack, content in zip(wanted, found, strict=True):
            if content is None:
                continue
            try:
                if packs.sha256_of(content) != pack:
                    raise ValueError("is damaged")  # noqa: TRY301  told as the others
                self._records |= packs.unpacked(content)
            except ValueError as error:
                self._note(f"the shared store: packs/{pack[:12]}… {error}, and is not used")
        for name, reason in refused.items():
            self._note(f"the shared store: {HEADS}{name} is not used: its signature {reason}")

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
        asked = {_place(sha256): sha256 for sha256 in wanted if self.has(sha256)}
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
        if wrong:
            self._give_up(wrong)
        return [asked[path] for path in came]

    def damaged(self, sha256: str, size: int) -> None:
        """Tell that a file was not what it should be: nothing replaces it, so somebody has to remove it."""
        with self._lock:
            self._fetched -= 1
            self._size -= size
            self._files.pop(sha256, None)
        self._note(f"the shared store: {_place(sha256)} is damaged, and is made again here: remove it there")

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
        name = name or ("all" if complete else own)
        now = datetime.now(tz=UTC)
        try:
            self._share(store, signer, name=name, now=now)
        except BucketError as error:
            self._give_up(error)

    def _share(self, store: Store, signer: Signer, *, name: str, now: datetime) -> None:
        year, week, _ = now.isocalendar()
        records = dict(self._seen)
        content = packs.packed(records, week=f"{year}-{week}")
        before = self._heads.get(name)
        if before and (before.pack, before.written) == (packs.sha256_of(content), now.date().isoformat()):
            return
        with activity.doing("adding to the shared store"):
            there = self._bucket.sizes("blobs/")
            missing: list[tuple[str, Path | bytes]] = []
            for sha256, names in packs.files_of(records).items():
                if _place(sha256).removeprefix("blobs/") in there:
                    continue
                if path := store.blob(sha256):
                    missing.append((_place(sha256), path))
                else:
                    for each in names:
                        records.pop(each, None)
            made = 0
            for first in range(0, len(missing), _AT_ONCE):
                made += self._bucket.create_all(missing[first : first + _AT_ONCE])
            content = packs.packed(records, week=f"{year}-{week}")
            pack = packs.sha256_of(content)
            self._bucket.create_all([(f"packs/{pack}", content)])
            head = Head(name=name, pack=pack, written=now.date().isoformat())
            self._bucket.replace(HEADS + name, packs.signed(head, signer))
        self._note(f"added {made} files and {len(records)} records to the shared store")

    def summary(self) -> str:
        """Say in a line what it gave; empty where it was left."""
        if self._lost:
            return ""
        if not self._hits + self._fetched:
            return "nothing came from the shared store"
        return (
            f"{self._hits} records and {self._fetched} files ({size_text(self._size)}) "
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


def _place(sha256: str) -> str:
    return f"blobs/{sha256[:2]}/{sha256}"
