"""A folder in a git checkout (a worktree is one, a submodule too) → what git says of the files below it."""

from __future__ import annotations

import os
import re
import threading
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import process
from pylayer.dataclassing import dataclass
from pylayer.errors import ToolError
from pylayer.monorepo import ignorefiles

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_TIMEOUT = 60  # seconds
_FATAL = "fatal: "
_BETWEEN = "--is-inside-work-tree"  # is answered with `true` wherever the others are
_SAFE = "safe.directory"  # in what git advises where a checkout is somebody else's
_FILES = ("info/exclude", "index", "logs/HEAD", "packed-refs", "refs/tags", "shallow")
_INDEX = _FILES.index("index")
# Bytes of an index from which git is asked about one folder alone: it has a hundred thousand files and more.
_LARGE = 16 << 20
_PLAIN = re.compile(r"[A-Za-z0-9_./@+-][ -!#-\[\]-~]*")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git checkout: its top folder, and the files in which git keeps what it says (links resolved).

    `excludes` are its own, `files` these, the index and the log of HEAD, `refs` where its tags are, and where
    its history is cut. All folders handed in are in it, with links resolved. Paths that come out are relative
    to them, posix.
    """

    root: Path
    excludes: Path
    files: tuple[Path, ...]
    refs: tuple[Path, ...]

    @classmethod
    def of(cls, folder: Path) -> Repository | None:
        """Find the checkout that `folder` is in; None where there is none, or no git to ask.

        Git is asked once for each folder with a `.git`, as long as that stays what it is. Raises ToolError
        where git refuses to read it since somebody else owns it: then nobody knows what is tracked.
        """
        if (held := _holder(folder.resolve())) is None:
            return None
        with _lock:
            if (found := _found.get(held)) is None:
                top, _ = held
                if (found := cls._asked(top)) is not None:
                    _found[held] = found
        return found

    @classmethod
    def _asked(cls, folder: Path) -> Repository | None:
        words = [["--git-path", name] for name in _FILES]
        done = _ran(folder, "rev-parse", *places(["--show-toplevel"], *words))
        if done is not None and _SAFE in done.stderr:
            raise ToolError(
                f"git does not read this checkout: {refusal(done.stderr)}",
                where=str(folder),
                hint=trusting(done.stderr, folder),
            )
        found = told(done.stdout) if done is not None and not done.status else []
        if len(found) != 1 + len(_FILES):
            return None
        files = tuple((folder / path).resolve() for path in found[1:])
        return cls(root=Path(found[0]).resolve(), excludes=files[0], files=files[:3], refs=files[3:])

    def head(self) -> str:
        """The commit of HEAD; empty where nothing was committed yet."""
        return (_git(self.root, "rev-parse", "--verify", "--quiet", "HEAD") or [""])[0]

    def branch(self) -> str:
        """The ref that HEAD is on; empty where it is on none."""
        return (_git(self.root, "symbolic-ref", "--quiet", "HEAD") or [""])[0]

    def tags(self) -> dict[str, str]:
        """Give the objects of the tags that HEAD comes after, by their refs."""
        words = ("for-each-ref", "--merged=HEAD", "--format=%(objectname) %(refname)", "refs/tags")
        return {name: oid for oid, _, name in (line.partition(" ") for line in _git(self.root, *words) or ())}

    def commits(self, head: str, most: int) -> dict[str, list[str]]:
        """Give the parents of commits, from `head` on; raises ToolError."""
        lines = self._history("rev-list", "--parents", f"--max-count={most}", head)
        return {commit: above.split() for commit, _, above in (line.partition(" ") for line in lines)}

    def objects(self, head: str, most: int) -> list[str]:
        """Name those commits, and all folders that they have; raises ToolError."""
        words = ("--objects", "--no-object-names", "--filter=blob:none", f"--max-count={most}")
        return self._history("rev-list", *words, head)

    def pack(self, names: Sequence[str], into: Path) -> list[Path]:
        """Write objects into a pack, with its index, in the folder `into`; raises ToolError."""
        text = "".join(f"{name}\n" for name in names)
        # What it packs, git first writes beside objects: those of the checkout may be on another file system,
        # or nobody's to add to.
        beside = into / "objects"
        (beside / "info").mkdir(parents=True)
        [place] = told(ran(self.root, "rev-parse", "--git-path", "objects").stdout)
        alternate = _quoted(str(self.root / place))
        (beside / "info/alternates").write_text(f"{alternate}\n", encoding="utf-8", errors="surrogateescape")
        env = {"GIT_OBJECT_DIRECTORY": str(beside)}
        self._history("pack-objects", "--quiet", str(into / "pack"), input=text, env=env)
        return [path for path in into.iterdir() if path.suffix in (".pack", ".idx")]

    def _history(
        self,
        *words: str,
        input: str | None = None,  # noqa: A002
        env: Mapping[str, str] | None = None,
    ) -> list[str]:
        done = ran(self.root, *words, input=input, env=env)
        if done.status:
            raise ToolError(
                f"git does not give the history, by which versions are told: {refusal(done.stderr)}",
                where=str(self.root),
                hint="see what `git fsck` says of it",
            )
        return done.stdout.splitlines()

    def entries(self, folder: Path) -> dict[str, tuple[int, bytes]]:
        """Give the files of the index below `folder`, with their modes and the names of their contents."""
        lines = _git(folder, "ls-files", "--stage") or ()
        split = (line.partition("\t") for line in lines)
        return {
            unquoted(path): (int(mode, 8), bytes.fromhex(oid))
            for about, _, path in split
            for mode, oid, _ in [about.split()]
        }

    def changed(self, folder: Path) -> frozenset[str]:
        """Give the files of the index below `folder` that are not as there."""
        return frozenset(map(unquoted, _git(folder, "diff-files", "--name-only", "--relative") or ()))

    def shallow(self) -> frozenset[str]:
        """Give the commits whose parents a clone did not bring."""
        *_, path = self.refs
        return frozenset(path.read_text().split()) if path.is_file() else frozenset()

    def ignores(self, folder: Path, *, tracked: bool = False) -> bool:
        """Whether the folder itself is ignored: with `tracked`, though files of it are tracked."""
        return bool(_git(folder, "check-ignore", *(["--no-index"] if tracked else []), "."))

    def ignores_file(self, folder: Path, name: str) -> bool:
        """Whether a file below `folder` is ignored, or would be if it were there."""
        return bool(_git(folder, "check-ignore", "--", name))

    def tracked(self, folder: Path) -> dict[str, int]:
        """Give the files of the index below `folder`, with their modes.

        The whole index is read once, as long as it stays what it is.
        """
        index = self.files[_INDEX]
        status = _status(index)
        if status is None or status[-1] > _LARGE or folder == self.root:
            return _listed(_git(folder, "ls-files", "--stage"))
        with _lock:
            kept, lines = _indexes.get(index, (None, ()))
            if kept != status:
                lines = tuple(_git(self.root, "ls-files", "--stage") or ())
                _indexes[index] = (status, lines)
        # Git sorts paths by their bytes; "0" is what comes after "/".
        above = os.fsencode(folder.relative_to(self.root).as_posix())
        first, last = (bisect_left(lines, above + end, key=_path) for end in (b"/", b"0"))
        below = _listed(lines[first:last])
        return {name[len(os.fsdecode(above)) + 1 :]: mode for name, mode in below.items()}

    def committed(self, folder: Path) -> dict[str, int] | None:
        """Give the files of HEAD below `folder`, with their modes; None where nothing was committed yet."""
        found = _git(folder, "ls-tree", "-r", "HEAD")
        return None if found is None else _listed(found)

    def ignored(self, folder: Path, within: Sequence[str]) -> list[str]:
        """Give what git ignores `within` some folders below `folder`; folders have a slash at their end."""
        options = ("--others", "--ignored", "--exclude-standard", "--directory")
        return [
            unquoted(line)
            for line in _git(folder, "--literal-pathspecs", "ls-files", *options, "--", *within) or ()
        ]

    def ignored_among(self, base: Path, folder: Path, names: Collection[str]) -> frozenset[str] | None:
        """Give those of some files that git ignores, named from `base`; None where it does so with `folder`.

        Files that are tracked are not ignored, nor is a folder that has such.
        """
        own = folder.relative_to(base).as_posix()
        text = "".join(f"{_quoted(name)}\n" for name in (own, *names))
        found = _git(base, "check-ignore", "--stdin", input=text, fine=(0, 1))
        if found is None:  # there is a link on the way, or another checkout
            return self._ignored_within(base, folder, names)
        ignored = frozenset(map(unquoted, found))
        return None if own in ignored else ignored.intersection(names)

    def _ignored_within(self, base: Path, folder: Path, names: Collection[str]) -> frozenset[str] | None:
        """Give the same, of files that are beyond no link and in no other checkout."""
        if self.ignores(folder):
            return None
        own = "" if base == folder else folder.relative_to(base).as_posix() + "/"
        outside = {name.rpartition("/")[0] or "." for name in names if not name.startswith(own)}
        listed = frozenset(self.ignored(base, [own or ".", *sorted(outside)]))
        whole = tuple(path for path in listed if path.endswith("/"))
        return frozenset(name for name in names if name in listed or name.startswith(whole))

    def export_ignored(self, folder: Path, names: Collection[str]) -> frozenset[str]:
        """Give those of some files below `folder` that archives do not have, by a folder's attribute too."""
        paths = {name: [*_folders(name), name] for name in names}
        asked = dict.fromkeys(path for each in paths.values() for path in each)
        lines = _git(
            folder, "check-attr", "--stdin", "export-ignore", input="".join(f"{_quoted(p)}\n" for p in asked)
        )
        ends = ": export-ignore: set"
        marked = {unquoted(line.removesuffix(ends)) for line in lines or () if line.endswith(ends)}
        return frozenset(name for name in names if not marked.isdisjoint(paths[name]))

    def patterns_above(self, folder: Path) -> list[str]:
        """Give what is to be ignored below `folder` by the ignore files above it, told from there."""
        parts = folder.relative_to(self.root).parts
        above = [self.root.joinpath(*parts[:index], ".gitignore") for index in range(len(parts))]
        files = [(self.excludes, parts), *((path, parts[index:]) for index, path in enumerate(above))]
        lines: list[str] = []
        for path, place in files:
            if ignorefiles.is_there(path):
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
                lines += ignorefiles.rebased(text.split("\n"), place)
        return lines


def _folders(name: str) -> list[str]:
    """List the folders above a path, each with a slash at its end, as patterns for folders need it."""
    parts = name.split("/")
    return ["/".join(parts[:index]) + "/" for index in range(1, len(parts))]


_lock = threading.Lock()
_found: dict[tuple[Path, tuple[int, ...]], Repository] = {}
_indexes: dict[Path, tuple[tuple[int, ...] | None, Sequence[str]]] = {}


def _holder(folder: Path) -> tuple[Path, tuple[int, ...]] | None:
    """Give the nearest folder with a `.git` and the status of that; git looks on one file system alone."""
    try:
        device = folder.stat().st_dev
        for top in (folder, *folder.parents):
            if status := _status(top / ".git"):
                return top, status
            if top.stat().st_dev != device:
                break
    except OSError:
        pass
    return None


def _status(path: Path) -> tuple[int, ...] | None:
    """Give what changes when a file or a folder does; a file's size is the last of it."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size)


def _git(
    folder: Path,
    *words: str,
    input: str | None = None,  # noqa: A002
    fine: tuple[int, ...] = (0,),
) -> list[str] | None:
    """Run git in a folder and give the lines that it printed; None where it fails or is not there."""
    done = _ran(folder, *words, input=input)
    return done.stdout.splitlines() if done is not None and done.status in fine else None


def _ran(folder: Path, *words: str, input: str | None = None) -> process.Completed | None:  # noqa: A002
    """Run git in a folder; None where it is not there, or does not end."""
    try:
        return ran(folder, *words, input=input)
    except ToolError:
        return None


def ran(
    folder: Path,
    *words: str,
    input: str | None = None,  # noqa: A002
    timeout: float = _TIMEOUT,
    env: Mapping[str, str] | None = None,
) -> process.Completed:
    """Run git in a folder, whose paths it prints as `unquoted` reads them. Raises ToolError.

    Some variables are set for it by `env`. Not where git would take a folder on the way to the checkout's
    top for a git directory: its settings, which whoever committed it wrote, name programs that git starts.
    """
    if found := _posing(folder):
        hint = "no project can be in such a folder: it has `HEAD`, `objects` and `refs`"
        raise ToolError("git would take it for a git directory", where=str(found), hint=hint)
    # Where pylayer runs in a hook of git's, these name the repository of that hook.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **(env or {})}
    command = ["git", "-c", "core.quotePath=true", "-c", "safe.bareRepository=explicit", *words]
    return process.run(command, cwd=folder, env=own, input=input, timeout=timeout)


def places(*words: Sequence[str]) -> list[str]:
    """Options of `git rev-parse` that ask for paths, so that `told` can tell them apart.

    It writes them as they are, and a folder's name can have line feeds.
    """
    first, *others = words
    return [*first, *(word for each in others for word in (_BETWEEN, *each))]


def told(stdout: str) -> list[str]:
    """The paths that `git rev-parse` printed for `places`."""
    return stdout.removesuffix("\n").split("\ntrue\n")


def trusting(stderr: str, top: Path) -> str:
    """What to do about a checkout at `top` that is somebody else's; empty for another reason."""
    if _SAFE not in stderr:
        return ""
    return f"`git config --global --add {_SAFE} {top}`, or have who runs pylayer own it"


def _posing(folder: Path) -> Path | None:
    """Give the folder, from `folder` up to one with `.git`, that passes for a git directory."""
    for place in (folder, *folder.parents):
        if os.path.lexists(place / ".git"):
            return None
        if os.path.lexists(place / "HEAD") and (place / "objects").is_dir() and (place / "refs").is_dir():
            return place
    return None


def refusal(stderr: str) -> str:
    """Give the line in which git says why it failed: what follows is advice, and of no use in one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    fatal = next((line for line in lines if line.startswith(_FATAL)), lines[-1] if lines else "")
    return fatal.removeprefix(_FATAL) or "git says nothing"


def _listed(lines: Sequence[str] | None) -> dict[str, int]:
    """Read lines of `ls-files --stage` and `ls-tree`: the mode comes first, the path after a tab."""
    split = (line.partition("\t") for line in lines or ())
    return {unquoted(path): int(mode.partition(" ")[0], 8) for mode, _, path in split}


def _path(line: str) -> bytes:
    """Give the path of a line of `ls-files --stage`, as git sorts it."""
    return os.fsencode(unquoted(line.partition("\t")[2]))


def _quoted(name: str) -> str:
    """Write a path as git reads it: quoted where it is not plain."""
    if _PLAIN.fullmatch(name):
        return name
    return '"' + "".join(f"\\{byte:03o}" for byte in os.fsencode(name)) + '"'


def unquoted(text: str) -> str:
    """Undo git's quoting, by which every path is ASCII (core.quotePath)."""
    if not text.startswith('"'):
        return text
    return os.fsdecode(_ESCAPE.sub(_unescaped, text[1:-1].encode()))


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _LETTERS.get(code, code)
