"""A folder → the files of it that a build can see, and one digest of their names, modes and contents.

No absolute path and no timestamp is in the digest. The index that makes a second look a stat is a cache:
without it everything is read again and comes out the same.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import time
from dataclasses import field
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Self

from pylayer import below
from pylayer.below import OutsideError
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError
from pylayer.patterns import ignored
from pylayer.store.kinds import HASHES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pylayer.store import Store

HISTORY = below.HISTORY
# What no wheel has, at any depth: version control's own, and bytecode (PEP 3147), which layers get elsewhere.
SKIPPED = HISTORY | {"__pycache__"}
# Folders that hold one of these are virtual environments (PEP 405) and caches (https://bford.info/cachedir/).
MARKERS = frozenset({"pyvenv.cfg", "CACHEDIR.TAG"})
# Folders at a project's root that builds write, and environments that tools make there without a marker.
OUTPUTS = frozenset({"build", "dist", ".eggs", "__pypackages__"})

# What editors and tools leave between sources. Whether it is package data is for the build backend to say.
LEAVINGS = (
    *(".idea", ".vscode", ".fleet", "*.swp", "*.swo", "*~", ".#*", ".DS_Store"),
    *(".coverage", ".coverage.*", "coverage.xml", "htmlcov"),
    *(".hypothesis", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pytest_cache", ".pytype", ".ruff_cache"),
    *(".tox", "node_modules"),
)
_LEAVING = re.compile("|".join(map(fnmatch.translate, LEAVINGS)))

# A file system may stamp two writes within this time alike: FAT counts by 2 s.
SETTLED_NS = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """A file of a tree: its posix path in there, where its content is, whether its owner may execute it.

    `stat` is what a walk saw of the file, and spares the index a second look. A symbolic link has in `link`
    where it leads (posix, from its own folder), and the content of that if it is a file.
    """

    name: str
    source: Path | bytes
    executable: bool = False
    stat: os.stat_result | None = field(default=None, repr=False, compare=False)
    link: str = ""


def walk(
    root: Path,
    *,
    within: Path | None = None,
    at: str = "",
    ignore: Sequence[str] = (),
    folders: list[str] | None = None,
    links: dict[str, str] | None = None,
) -> tuple[TreeEntry, ...]:
    """List what a build of the project at `root` can see, sorted by name.

    Files that git ignores are in: they may be generated sources. So is what tools leave (LEAVINGS): it may be
    package data. Left out is what cannot be (SKIPPED, MARKERS), what builds write at the root (OUTPUTS and
    `*.egg-info`; a package of such a name is none), and `ignore` (patterns as in a .gitignore). Symbolic
    links are followed and come out as what they lead to, unless there are `links` to add them to: name →
    path. Dangling ones, sockets and the like are no files to a build. The folders looked into are added to
    `folders`. `at` is put before every name; with it, `root` is a folder of a project, whatever is in it.
    ManifestError for links that leave `within` (by itself `root`), all at once, for a loop of links, and for
    what cannot be read.
    """
    test = ignored(ignore) if ignore else None
    found: list[TreeEntry] = []
    astray: list[Fault] = []
    left: list[tuple[str, str, tuple[str, ...]]] = [(str(root), at, ())]
    while left:
        folder, prefix, crossed = left.pop()
        if folders is not None:
            folders.append(folder)
        here = Path(folder)
        for member in _members(folder, inner=bool(prefix)):
            name = prefix + member.name
            is_folder = _is_folder(member)
            if test and test(name, is_folder):
                continue
            is_link = member.is_symlink()
            if is_link and (fault := _astray(member, within or root, is_folder=is_folder)):
                astray.append(fault)
            elif is_link and links is not None:
                links[name] = member.path
            elif is_folder:
                through = (*crossed, _crossing(member, folder, crossed)) if is_link else crossed
                left.append((member.path, name + "/", through))
            elif entry := _file(member, name, here):
                found.append(entry)
    if astray:
        raise ManifestError.of(astray)
    found.sort(key=_name)
    return tuple(found)


def everything(root: Path) -> tuple[TreeEntry, ...]:
    """List all files below `root`, sorted by name: those of an sdist, where nothing is a tool's leaving."""
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    return tuple(
        TreeEntry(
            name=path.relative_to(root).as_posix(), source=path, executable=bool(path.stat().st_mode & 0o100)
        )
        for path in paths
    )


def _name(entry: TreeEntry) -> str:
    return entry.name


def _members(folder: str, *, inner: bool) -> list[os.DirEntry[str]]:
    """List a folder but for what no wheel has, and builds in the root; nothing of a marked inner one."""
    try:
        with os.scandir(folder) as scanned:
            members = [member for member in scanned if member.name not in SKIPPED]
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=folder) from error
    if inner:
        return [] if any(member.name in MARKERS for member in members) else members
    return [member for member in members if not (_is_output(member) and _is_folder(member))]


def _is_output(member: os.DirEntry[str]) -> bool:
    """Whether its name is that of a build's output, and it is no package (pypa's own `build` is one)."""
    if member.name.endswith(".egg-info"):
        return True
    return member.name in OUTPUTS and not Path(member.path, "__init__.py").is_file()


def leaving(name: str) -> str:
    """Give the path up to the first part of `name` (posix) that a tool left; empty where none did."""
    parts = name.split("/")
    for index, part in enumerate(parts):
        if _LEAVING.match(part):
            return "/".join(parts[: index + 1])
    return ""


def marked(folder: str | Path) -> bool:
    """Whether a folder is a virtual environment or a cache."""
    return any(os.path.exists(os.path.join(folder, name)) for name in MARKERS)  # noqa: PTH110, PTH118


def _astray(link: os.DirEntry[str], within: Path, *, is_folder: bool) -> Fault | None:
    """Refuse a link that leads out of the repository, or into the history of it.

    What such a file holds is this machine's, and would get into the layer without a word. An environment or a
    cache may be anywhere: nothing of it is taken.
    """
    top = os.path.realpath(within)
    try:
        place = below.find(within, link.path)
    except OutsideError:
        if os.path.realpath(link.path) == top:
            return None  # a circle, which is told as one
        leads = f"out of {within}"
    else:
        if HISTORY.isdisjoint(place.relative_to(top).parts):
            return None
        leads = "into version control's own files"
    if is_folder and marked(link.path):
        return None
    return Fault(
        what=f"is a symbolic link that leads {leads}, to {os.path.realpath(link.path)}",
        where=link.path,
        hint="copy what it leads to into the repository, or name the link in the project's `ignore`",
    )


def _is_folder(member: os.DirEntry[str]) -> bool:
    try:
        return member.is_dir()
    except OSError:  # a link to itself, for one: looking at it as a file says so
        return False


def _file(member: os.DirEntry[str], name: str, here: Path) -> TreeEntry | None:
    try:
        status = member.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", where=member.path) from error
    if not S_ISREG(status.st_mode):
        return None
    executable = bool(status.st_mode & 0o100)
    return TreeEntry(name=name, source=here / member.name, executable=executable, stat=status)


def _crossing(link: os.DirEntry[str], folder: str, crossed: tuple[str, ...]) -> str:
    """Give the real folder that `link` stands in; ManifestError where it leads back to above itself."""
    here = os.path.realpath(folder)
    target = os.path.join(os.path.realpath(link.path), "")  # noqa: PTH118  a prefix, with its separator
    if any((real + os.sep).startswith(target) for real in (*crossed, here)):
        raise ManifestError(
            f"is a symbolic link to a folder that holds it ({target.rstrip(os.sep)})",
            where=link.path,
            hint="remove it, or name it in the project's `ignore`",
        )
    return here


def contents(entries: Iterable[TreeEntry], index: FileHashes | None = None) -> dict[str, str]:
    """Give each name's sha256 (hex), what the digest is made of.

    After it stands ` x` for an executable, and where a link leads.
    """
    return {
        entry.name: _sha256(entry, index)
        + (" x" if entry.executable else "")
        + (f" -> {entry.link}" if entry.link else "")
        for entry in sorted(entries, key=_name)
    }


def digest(entries: Iterable[TreeEntry], index: FileHashes | None = None) -> str:
    """Give the sha256 (hex) of the entries' names, bits, contents and links; their order is no matter."""
    total = hashlib.sha256()
    for name, content in contents(entries, index).items():
        total.update(os.fsencode(name) + b"\0" + content.encode() + b"\n")
    return total.hexdigest()


def _sha256(entry: TreeEntry, index: FileHashes | None) -> str:
    if isinstance(entry.source, bytes):
        return hashlib.sha256(entry.source).hexdigest()
    return (index or FileHashes()).sha256(entry.source, status=entry.stat)


class FileHashes:
    """What is known of files by their status: path → (mtime_ns, ctime_ns, size, inode), sha256.

    A file whose times are within the clock's resolution of the moment it was read could change again and
    keep its status, so it is not remembered, as git does with its "racily clean" entries:
    https://git-scm.com/docs/racy-git. `clock` gives nanoseconds since the epoch. Threads may share one.
    """

    __slots__ = ("_changed", "_clock", "_key", "_known", "_seen", "_store")

    def __init__(
        self, store: Store | None = None, key: str = "", *, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._known: dict[str, tuple[int, int, int, int, str]] = {}
        self._seen: set[str] = set()
        self._changed = False

    @classmethod
    def load(cls, store: Store, key: str, *, clock: Callable[[], int] = time.time_ns) -> Self:
        """Read the index that `store` keeps under `key`; an empty one where there is none."""
        index = cls(store, key, clock=clock)
        if record := store.record(HASHES, key):
            index._known.update(record["files"])
        return index

    def sha256(self, path: Path, *, status: os.stat_result | None = None) -> str:
        """Give a file's sha256 (hex), read only where its status (asked for here, if not given) is news."""
        name = str(path)
        self._seen.add(name)
        try:
            if known := self._known.get(name):
                status = status or path.stat()
                if known[:4] == _fingerprint(status):
                    return known[4]
            return self._read(path, name)
        except OSError as error:
            raise ManifestError(f"cannot be read: {error.strerror}", where=name) from error

    def _read(self, path: Path, name: str) -> str:
        with path.open("rb", buffering=0) as file:
            before = _fingerprint(os.fstat(file.fileno()))
            now = self._clock()
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            after = _fingerprint(os.fstat(file.fileno()))
        settled = before == after and max(before[:2]) + SETTLED_NS < now
        if settled:
            self._known[name] = (*before, sha256)
            self._changed = True
        elif self._known.pop(name, None):
            self._changed = True
        return sha256

    def save(self) -> None:
        """Keep the index where it was loaded from, if it has news; files that are gone are forgotten.

        The last of several writers wins. StoreError where it cannot be written.
        """
        if self._store is None or not self._changed:
            return
        files = {name: known for name, known in self._known.items() if name in self._seen or _exists(name)}
        self._store.put_record(HASHES, self._key, {"files": files})
        self._changed = False


_exists = os.path.exists


def _fingerprint(status: os.stat_result) -> tuple[int, int, int, int]:
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
