"""A git checkout → a git directory with its commits and tags, for builds that take a version from them.

It holds the commits with their folders, the tags that lead to them, and no file's content. `git describe`,
`git log` and whether anything changed are answered from it as in the checkout. A file that is not in the tree
of the build counts as unchanged, unless git says that it changed: then it is one that is gone.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pylayer.monorepo import gitfolder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.monorepo.repository import Repository

LONGEST = 10_000  # commits: there the history is cut, as that of a shallow clone is
_SHA1 = 40
_PACK = ".git/objects/pack/pack-history"


def state(repository: Repository) -> dict[str, bytes]:
    """Give the files that say where HEAD is and what changed, by their names beside the worktree's.

    All that is in `objects` follows from them. There are none without a commit, nor where the names of
    objects are sha256s.
    """
    root = repository.root
    head = repository.head()
    if len(head) != _SHA1:
        return {}
    branch = repository.branch()
    refs = sorted([*_tags(repository), *([(branch, head)] if branch else [])])
    return {
        ".git/HEAD": (f"ref: {branch}\n" if branch else f"{head}\n").encode(),
        ".git/config": gitfolder.CONFIG,
        ".git/index": gitfolder.index(repository.entries(root), changed=repository.changed(root)),
        ".git/info/exclude": repository.excludes.read_bytes() if repository.excludes.is_file() else b"",
        ".git/packed-refs": "".join(f"{oid} {name}\n" for name, oid in refs).encode(),
        f".git/{gitfolder.REFS}": b"",
        ".git/shallow": _lines(repository.shallow()),
    }


def objects(repository: Repository, *, most: int = LONGEST) -> Mapping[str, bytes]:
    """Give the commits, `most` of them, and folders in a pack, and where they are cut, by names as above."""
    head = repository.head()
    return _objects(repository, head, _tags(repository), most) if len(head) == _SHA1 else {}


def _tags(repository: Repository) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(repository.tags().items()))


@lru_cache(maxsize=2)
def _objects(
    repository: Repository, head: str, tags: tuple[tuple[str, str], ...], most: int
) -> Mapping[str, bytes]:
    parents = repository.commits(head, most)
    cut = {commit for commit, above in parents.items() if not parents.keys() >= set(above)}
    names = [*repository.objects(head, most), *(oid for _, oid in tags)]
    with TemporaryDirectory(prefix="pylayer-") as folder:
        made = repository.pack(names, Path(folder))
        packed = {f"{_PACK}{path.suffix}": path.read_bytes() for path in made}
    return {**packed, ".git/shallow": _lines(cut | (repository.shallow() & parents.keys()))}


def _lines(names: frozenset[str] | set[str]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(names)).encode()
