"""Content-addressed files and small records, kept between runs: what was computed → what need not be again.

Layout below the root: `blobs/ab/<sha256>` (immutable), `records/portable/<kind>/<key>.json` and
`records/local/…` (`kinds` says which kind is which, and what its values look like), `scratch/<random>/`.
Everything appears by rename, so a killed process leaves either nothing or the whole; a blob is hashed when
it is first read in a process, so a damaged one is never used.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from pylayer import alone, disk, envtable, folders, unfinished
from pylayer.dataclassing import dataclass
from pylayer.digests import Digest
from pylayer.errors import StoreError
from pylayer.liveness import marks_living, own_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from pylayer.store.kinds import R, RecordKind

CACHEDIR_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by pylayer; safe to delete.\n"


# The name of what passes: the mark of the process that made it, and a number.
_PASSING = re.compile(r"([0-9]+)(?:-([0-9]+))?-[0-9a-f]{12}")

_NO_PLACE = (errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EPERM)


def default_root() -> Path:
    """`PYLAYER_CACHE_DIR`, else the user's cache folder by the platform's custom."""
    if named := os.environ.get(envtable.CACHE_DIR):
        return folders.expanded(named).absolute()
    from platformdirs import user_cache_path

    try:
        return user_cache_path("pylayer", appauthor=False)
    except RuntimeError:  # see `folders.home`
        return folders.home() / ".cache" / "pylayer"


def uv_cache(env: Mapping[str, str]) -> dict[str, str]:
    """The variable by which uv's cache follows ours, where its own place under HOME cannot be written."""
    if not env.get(envtable.CACHE_DIR) or env.get("UV_CACHE_DIR"):
        return {}
    own = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or "/") / ".cache") / "uv"
    with contextlib.suppress(OSError):
        own.mkdir(parents=True, exist_ok=True)
        if os.access(own, os.W_OK):
            return {}
    return {"UV_CACHE_DIR": str(folders.expanded(env[envtable.CACHE_DIR]).absolute() / "uv")}


class Behind(Protocol):
    """What other machines made, for one run: asked for what is not here, and told of what is."""

    def record(self, kind: str, key: str) -> Any | None:  # noqa: ANN401  as the kind's shape has it
        """Give a record of a kind that travels; it asks nobody and waits for nothing."""
        ...

    def saw(self, kind: str, key: str, value: Any) -> None:  # noqa: ANN401  as above
        """Hear of a record of such a kind that this run found here, or made."""
        ...

    def has(self, sha256: str) -> bool:
        """Say whether a file is said to be there; it asks nobody."""
        ...

    def fetch(self, wanted: Mapping[str, Path]) -> Collection[str]:
        """Write the files that are said to have these sha256s; it may take a while. Gives those that came."""
        ...

    def damaged(self, sha256: str, size: int) -> None:
        """Hear that the file, of so many bytes, had another sha256."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a store holds: bytes and number of its blobs, and number of records."""

    size: int
    blobs: int
    records: int


class Store:
    """A folder of blobs and records, safe for several processes and threads at once.

    `note` gets one line for each thing that a user should hear of, a damaged entry for one. `behind` has what
    not here, where a run has such a thing; with `eager`, a file comes from there as soon as it is known of.
    """

    behind: Behind | None = None
    eager: bool = True

    def __init__(self, root: Path, *, note: Callable[[str], None] | None = None) -> None:
        self.root = root
        self._note = note or (lambda _text: None)
        self._verified: set[str] = set()
        self._lock = Lock()
        self._holding: int | None = None

    def open(self) -> None:
        """Make the folder where it is missing, and keep `prune` of other processes out until `close`."""
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            tag = self.root / "CACHEDIR.TAG"
            if not tag.exists():
                write_atomic(tag, CACHEDIR_TAG.encode())
            self._holding = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            alone.lock(self._holding, fcntl.LOCK_SH, where=self.root)
        self._sweep_scratch()

    def close(self) -> None:
        """Let other processes prune again."""
        if self._holding is not None:
            os.close(self._holding)
            self._holding = None

    def put_blob(self, source: Path | bytes) -> Digest:
        """Keep a copy of a file or of bytes; the answer is its sha256."""
        digest = Digest(
            hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else hash_file(source)
        )
        place = self._blob_path(digest)
        if place.exists() and self.blob(digest):
            return digest
        with self._becoming(place, mode=0o444) as temporary:
            if isinstance(source, bytes):
                temporary.write_bytes(source)
            else:
                shutil.copyfile(source, temporary)
        with self._lock:
            self._verified.add(digest)
        return digest

    def blob(self, sha256: str) -> Path | None:
        """The file with this sha256 (hex), or None. One that is damaged is removed, and said.

        No file has a sha256 that is none, which a damaged record may hold.
        """
        digest = Digest.or_none(sha256)
        if digest is None:
            return None
        if place := self._right(digest):
            return place
        return None if self.have([digest]) else self._blob_path(digest)

    @property
    def lazy(self) -> bool:
        """Whether `known` may give the place of a file that is not here yet."""
        return self.behind is not None and not self.eager

    def known(self, sha256: str) -> Path | None:
        """Give the file with this sha256, or where `have` will put it; None where neither can be."""
        digest = Digest.or_none(sha256)
        if digest and self.lazy and not self.is_here(digest) and self.behind and self.behind.has(digest):
            return self._blob_path(digest)
        return self.blob(sha256)

    def place(self, sha256: str) -> Path:
        """Where a file is, or would be; ValueError for what is no sha256 (hex)."""
        return self._blob_path(Digest(sha256))

    def is_here(self, sha256: str) -> bool:
        """Whether there is a file for this sha256 (hex), be it damaged."""
        digest = Digest.or_none(sha256)
        return digest is not None and (digest in self._verified or self._blob_path(digest).exists())

    def have(self, sha256s: Iterable[str]) -> list[str]:
        """Have files here that are behind, as many at once as that can; gives those that are nowhere."""
        digests = [Digest(each) for each in dict.fromkeys(sha256s)]
        absent = [digest for digest in digests if not self._right(digest)]
        if self.behind is None or not absent:
            return [*absent]
        came: set[str] = set()
        # What a store that cannot be written lacks has to be made.
        with contextlib.suppress(OSError), self._several(absent) as into:
            for sha256 in self.behind.fetch(into):
                if self._took(Digest(sha256), into[sha256]):
                    came.add(sha256)
        return [digest for digest in absent if digest not in came]

    def _right(self, digest: Digest) -> Path | None:
        """The file, where it is here and is what it should be; one that is damaged is removed, and said."""
        place = self._blob_path(digest)
        if digest in self._verified:
            return place
        try:
            actual = hash_file(place)
        except FileNotFoundError:
            return None
        if actual != digest:
            self.tell_damaged(f"the stored file {digest[:12]}…")
            place.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(place)
        with self._lock:
            self._verified.add(digest)
        return place

    @contextlib.contextmanager
    def _several(self, digests: Iterable[Digest]) -> Iterator[dict[str, Path]]:
        """Yield a path for each of some files that come; what is still there afterwards goes."""
        into: dict[str, Path] = {digest: self._passing() for digest in digests}
        (self.root / "scratch").mkdir(parents=True, exist_ok=True)
        try:
            yield into
        finally:
            for path in into.values():
                path.unlink(missing_ok=True)

    def _took(self, digest: Digest, came: Path) -> bool:
        """Keep what came from behind, once it is known to be the right file."""
        assert self.behind is not None
        if hash_file(came) != digest:
            self.behind.damaged(digest, came.stat().st_size)
            return False
        place = self._blob_path(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        came.chmod(0o444)
        came.replace(place)
        with self._lock:
            self._verified.add(digest)
        return True

    def record(self, kind: RecordKind[R], key: str) -> R | None:
        """What `put_record` kept under this kind and key, or None.

        One that is damaged, or of another shape than its kind's, is removed, and said.
        """
        place = self._record_path(kind, key)
        try:
            value = kind.read(json.loads(place.read_bytes()))
        except (FileNotFoundError, NotADirectoryError):
            return self._record_behind(kind, key)
        except (OSError, ValueError, RecursionError):
            self.tell_damaged(f"the stored record {kind.name}/{key[:12]}…")
            with contextlib.suppress(StoreError):  # a store that cannot be written can be read
                self.drop_record(kind, key)
            return None
        with contextlib.suppress(OSError):
            os.utime(place)
        if self.behind is not None and kind.travels:
            self.behind.saw(kind.name, key, value)
        return value

    def _record_behind(self, kind: RecordKind[R], key: str) -> R | None:
        if self.behind is None or not kind.travels or (found := self.behind.record(kind.name, key)) is None:
            return None
        with contextlib.suppress(StoreError):
            self.put_record(kind, key, found)
        return kind.read(found)

    def tell_damaged(self, what: str) -> None:
        """Let the user hear that something kept here is no longer what it was."""
        self._note(f"{what} is damaged: removed, it will be made again")

    def put_record(self, kind: RecordKind[Any], key: str, value: Mapping[str, Any]) -> None:
        """Keep a small value of a kind under a key that is safe as a file name."""
        place = self._record_path(kind, key)
        value = kind.read(value)
        if self.behind is not None and kind.travels:
            self.behind.saw(kind.name, key, value)
        content = json.dumps(value, separators=(",", ":")).encode()
        with self._becoming(place, mode=0o644) as temporary:
            temporary.write_bytes(content)

    def drop_record(self, kind: RecordKind[Any], key: str) -> None:
        """Keep nothing under a kind and a key."""
        place = self._record_path(kind, key)
        with writing(place):
            place.unlink(missing_ok=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a private folder on the store's file system; it is gone afterwards."""
        folder = self._passing()
        with writing(folder):
            folder.mkdir(parents=True)
        with folders.passing(folder):
            yield folder

    def link(self, digest: str, folder: Path, filename: str) -> Path:
        """Put a blob into `folder` under its real file name: a hard link where the file system has them."""
        source = self.blob(digest)
        if source is None:
            raise StoreError(f"the stored file {filename} is gone", hint="run the same command again")
        place = folder / filename
        if place.exists():
            return place
        try:
            os.link(source, place)
        except OSError:
            shutil.copyfile(source, place)
        return place

    def usage(self) -> Usage:
        """Count what is there."""
        blobs = [entry.stat().st_size for entry in self._files("blobs")]
        return Usage(size=sum(blobs), blobs=len(blobs), records=sum(1 for _ in self._files("records")))

    def prune(
        self, *, older_than: float | None = None, larger_than: int | None = None, dry: bool = False
    ) -> Usage:
        """Remove what `older_than` seconds have not used, then the longest unused over `larger_than` bytes.

        Waits for other processes that use the store. Returns what was removed, or with `dry` what would be.
        """
        if dry:
            return self._prune(older_than=older_than, larger_than=larger_than, remove=_spare)
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            alone.lock(handle, fcntl.LOCK_EX, where=self.root)
            return self._prune(older_than=older_than, larger_than=larger_than, remove=_remove)
        finally:
            os.close(handle)

    def _prune(
        self, *, older_than: float | None, larger_than: int | None, remove: Callable[[Path], None]
    ) -> Usage:
        oldest = time.time() - older_than if older_than is not None else None
        blobs = sorted((entry.stat().st_mtime, entry.stat().st_size, entry) for entry in self._files("blobs"))
        total, size, count, records = sum(size for _, size, _ in blobs), 0, 0, 0
        for used, weight, entry in blobs:
            too_old = oldest is not None and used < oldest
            too_much = larger_than is not None and total - size > larger_than
            if too_old or too_much:
                remove(entry)
                size += weight
                count += 1
        for entry in list(self._files("records")):
            if oldest is not None and entry.stat().st_mtime < oldest:
                remove(entry)
                records += 1
        self._verified.clear()
        return Usage(size=size, blobs=count, records=records)

    def _files(self, part: str) -> Iterator[Path]:
        for folder, _, names in os.walk(self.root / part):
            for name in names:
                if not name.startswith("."):
                    yield Path(folder, name)

    def _blob_path(self, digest: Digest) -> Path:
        return self.root / "blobs" / digest[:2] / digest

    def _record_path(self, kind: RecordKind[Any], key: str) -> Path:
        return self.root / "records" / ("portable" if kind.portable else "local") / kind.name / f"{key}.json"

    def _passing(self) -> Path:
        """A place on the store's file system which is swept, should this process be killed."""
        return self.root / "scratch" / f"{own_mark()}-{os.urandom(6).hex()}"

    @contextlib.contextmanager
    def _becoming(self, place: Path, *, mode: int) -> Iterator[Path]:
        """Yield the path of a file that becomes the one at `place`, whole."""
        temporary = self._passing()
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary.parent.mkdir(exist_ok=True)
            try:
                yield temporary
                temporary.chmod(mode)
                temporary.replace(place)
            finally:
                temporary.unlink(missing_ok=True)

    def _sweep_scratch(self) -> None:
        """Remove what processes that were killed left there."""
        with contextlib.suppress(FileNotFoundError):
            for entry in (self.root / "scratch").iterdir():
                made = _PASSING.fullmatch(entry.name)
                if made and not marks_living(*made.groups()):
                    folders.remove(entry)


def _remove(entry: Path) -> None:
    entry.unlink(missing_ok=True)


def _spare(_entry: Path) -> None:
    """Leave it where it is."""


def hash_file(path: Path) -> str:
    """Sha256 (hex) of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomic(path: Path, content: bytes, *, mode: int = 0o644, durable: bool = False) -> None:
    """Write a file so that a reader sees the old or the new content and nothing between.

    A `durable` one is as well there after the power went: for what no other run can make again.
    """
    with writing(path), unfinished.becoming(path) as temporary:
        with temporary.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(mode)


def write_changed(path: Path, content: bytes) -> bool:
    """Write a file atomically where its bytes change; says whether they did."""
    if path.is_file() and path.read_bytes() == content:
        return False
    write_atomic(path, content)
    return True


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says of a write into a StoreError that names the place."""
    try:
        yield
    except OSError as error:
        if told := disk.full(error, path):
            raise told from error
        elsewhere = f"choose another place ({envtable.OUTPUT}, {envtable.CACHE_DIR})"
        hint = f"make it writable, or {elsewhere}" if error.errno == errno.EACCES else ""
        # There can be no folder, as where HOME is /dev/null.
        hint = elsewhere if error.errno in _NO_PLACE else hint
        what = f"cannot be written: {error.strerror or error}"
        raise StoreError(what, where=str(error.filename or path), hint=hint) from error
