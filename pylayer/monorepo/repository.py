"""A folder in a git checkout (a worktree is one, a submodule too) → what git says of the files below it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pylayer import process
from pylayer.errors import ToolError
from pylayer.monorepo import ignorefiles

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_TIMEOUT = 60
_FILES = ("info/exclude", "index", "logs/HEAD", "packed-refs", "refs/tags", "shallow")
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
    def of(cls, folder: Path) -> Self | None:
        """Find the checkout that `folder` is in; None where there is none, or no git to ask."""
        paths = [word for name in _FILES for word in ("--git-path", name)]
        found = _git(folder, "rev-parse", "--show-toplevel", *paths)
        if found is None or len(found) != 1 + len(_FILES):
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
        """Give the parents of commits, from `head` on."""
        lines = _git(self.root, "rev-list", "--parents", f"--max-count={most}", head) or ()
        return {commit: above.split() for commit, _, above in (line.partition(" ") for line in lines)}

    def objects(self, head: str, most: int) -> list[str]:
        """Name those commits, and all folders that they have."""
        words = ("--objects", "--no-object-names", "--filter=blob:none", f"--max-count={most}")
        return _git(self.root, "rev-list", *words, head) or []

    def pack(self, names: Sequence[str], into: Path) -> list[Path]:
        """Write objects into a pack, with its index, in the folder `into`."""
        text = "".join(f"{name}\n" for name in names)
        _git(self.root, "pack-objects", "--quiet", str(into / "pack"), input=text)
        return [path for path in into.iterdir() if path.suffix in (".pack", ".idx")]

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
        """Give the files of the index below `folder`, with their modes."""
        return _listed(_git(folder, "ls-files", "--stage"))

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

    def export_ignored(self, folder: Path, names: Collection[str]) -> frozenset[str]:
        """Give those of some files below `folder` that archives do not have, by a folder's attribute too."""
        paths = {name: [*_folders(name), name] for name in names}
        asked = dict.fromkeys(path for each in paths.values() for path in each)
        lines = _git(folder, "check-attr", "--stdin", "export-ignore", input="".join(f"{p}\n" for p in asked))
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
            if path.is_file():
                text = path.read_text(encoding="utf-8", errors="surrogateescape")
                lines += ignorefiles.rebased(text.splitlines(), place)
        return lines


def _folders(name: str) -> list[str]:
    """List the folders above a path, each with a slash at its end, as patterns for folders need it."""
    parts = name.split("/")
    return ["/".join(parts[:index]) + "/" for index in range(1, len(parts))]


def _git(folder: Path, *words: str, input: str | None = None) -> list[str] | None:  # noqa: A002
    """Run git in a folder and give the lines that it printed; None where it fails or is not there."""
    # Where pylayer runs in a hook of git's, these name the repository of that hook.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-c", "core.quotePath=true", *words]
    try:
        done = process.run(command, cwd=folder, env=env, input=input, timeout=_TIMEOUT)
    except ToolError:
        return None
    return done.stdout.splitlines() if done.status == 0 else None


def _listed(lines: Sequence[str] | None) -> dict[str, int]:
    """Read lines of `ls-files --stage` and `ls-tree`: the mode comes first, the path after a tab."""
    split = (line.partition("\t") for line in lines or ())
    return {unquoted(path): int(mode.partition(" ")[0], 8) for mode, _, path in split}


def unquoted(text: str) -> str:
    """Undo git's quoting, by which every path is ASCII (core.quotePath)."""
    if not text.startswith('"'):
        return text
    return os.fsdecode(_ESCAPE.sub(_unescaped, text[1:-1].encode()))


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8)]) if len(code) == 3 else _LETTERS.get(code, code)
