"""A wheel and the tree that it was built from → which files of the tree are in it.

What editors and coverage leave beside sources changes with every look at them, and hardly ever a wheel. Where
a backend could not have packaged them, they are in no key.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections import Counter
from posixpath import basename, dirname
from typing import TYPE_CHECKING

from pylayer.monorepo.trees import leaving
from pylayer.wheels import recorded
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.monorepo.trees import TreeEntry

# Where one of these is in the wheel, the backend takes all that is in the project's folder.
_DEFINITIONS = ("pyproject.toml", "setup.py", "setup.cfg")
# What says which files are packaged, and may name a leaving outright.
_CONFIGURATIONS = (*_DEFINITIONS, "MANIFEST.in", "hatch.toml")

# Folders in which no backend looks for packages by itself.
_ASIDE = frozenset({"benchmarks", "doc", "docs", "examples", "test", "tests"})
_IGNORING = frozenset({".gitignore", ".hgignore", ".gitattributes"})

# Copying this many into a container takes longer than the build of a small wheel.
_MANY = 1000


def found(wheel: Path, contents: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """List those of `names` that are in the wheel: by their last part and content, or by where they are.

    `contents` are sha256 (hex) by name.
    """
    members = _members(wheel)
    pairs = {(basename(member), sha256) for member, sha256 in members.items()}
    return sorted(
        name
        for name in names
        if (basename(name), _hash(contents[name])) in pairs
        and (_ends(name, members) or not _is_empty(contents[name]))
    )


def leavings(entries: Sequence[TreeEntry], subdir: str) -> frozenset[str]:
    """Name the project's files that tools left, unless what configures its build names them."""
    prefix = "" if subdir == "." else f"{subdir}/"
    left = {
        entry.name: basename(top)
        for entry in entries
        if entry.name.startswith(prefix) and (top := leaving(entry.name.removeprefix(prefix)))
    }
    if not left:
        return frozenset()
    wanted = {prefix + name for name in _CONFIGURATIONS}
    text = b"\n".join(_content(entry) for entry in entries if entry.name in wanted)
    return frozenset(name for name, top in left.items() if top.encode("utf-8", "surrogateescape") not in text)


def bulk(left: Iterable[str], subdir: str) -> str:
    """Name the largest heap of leavings and its number of files, where copying it takes time."""
    prefix = "" if subdir == "." else f"{subdir}/"
    heaps = Counter(leaving(name.removeprefix(prefix)) for name in left)
    [(top, files)] = heaps.most_common(1) or [("", 0)]
    return f"{files} files of {top}" if files >= _MANY else ""


def may_be_packaged(left: Iterable[str], wheel: Path, contents: Mapping[str, str], *, subdir: str) -> bool:
    """Whether a backend that made `wheel` of the other `contents` could have packaged one of the leavings.

    It could in a folder that holds a file of the wheel's, and below. In the project's own folder it could
    where the build's definition is in the wheel: all others of its files may have been named one by one.
    """
    left = frozenset(left)
    prefix = "" if subdir == "." else f"{subdir}/"
    own = [name for name in contents if name.startswith(prefix) and name not in left]
    taken = found(wheel, contents, own)
    folders = {folder for name in taken for folder in _above(name.removeprefix(prefix))}
    if any(prefix + name in taken for name in _DEFINITIONS):
        return True
    above = {folder for name in left for folder in _above(leaving(name.removeprefix(prefix)))}
    return not folders.isdisjoint(above) or bool(found(wheel, contents, left))


def aside(
    wheel: Path, before: Mapping[str, str], after: Mapping[str, str], *, subdir: str, said: bytes
) -> bool:
    """Whether two trees differ in folders alone from which `wheel`, made of the first, has nothing.

    `said` is all that configures the build, which runs no code of the project's and no plugin's: a folder
    that it names may be read. Files that come and go count in folders of which no backend makes packages.
    """
    prefix = "" if subdir == "." else f"{subdir}/"
    names = [name for name in {*before, *after} if before.get(name) != after.get(name)]
    folders = {prefix + name.removeprefix(prefix).partition("/")[0] + "/" for name in names}
    if b"**" in said or not all(
        name.startswith(prefix) and name.startswith(tuple(folders)) for name in names
    ):
        return False
    for folder in folders:
        known = [name for name in before if name.startswith(folder)]
        top = folder.removeprefix(prefix).rstrip("/")
        if not known or top.encode("utf-8", "surrogateescape") in said or found(wheel, before, known):
            return False
    return not any(
        basename(name) in _IGNORING
        or (
            (name not in before or name not in after)
            and name.removeprefix(prefix).partition("/")[0] not in _ASIDE
        )
        for name in names
    )


def _members(wheel: Path) -> dict[str, str]:
    """Give the sha256 (hex) of a canonical wheel's members, as its RECORD has them."""
    with Zip(wheel) as archive:
        return {name: _hex(hashed) for name, hashed in recorded(archive).items()}


def _hex(hashed: str) -> str:
    value = hashed.partition("=")[2]
    return urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()


def _hash(content: str) -> str:
    return content.partition(" ")[0]  # an executable has a mark after it


def _is_empty(content: str) -> bool:
    return _hash(content) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _ends(name: str, members: Iterable[str]) -> bool:
    return any(name == member or name.endswith(f"/{member}") for member in members)


def _above(path: str) -> Iterator[str]:
    while path := dirname(path):
        yield path


def _content(entry: TreeEntry) -> bytes:
    return entry.source if isinstance(entry.source, bytes) else entry.source.read_bytes()
