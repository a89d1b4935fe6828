"""The symbolic links of a project → links in the tree of its build, and what they lead to, laid beside it.

Backends look at links: some follow those to folders and some do not, and flit refuses what a link brings in
from outside of the project. So a link stays a link. What it leads to outside of the tree is laid in a folder
beside that, under its path in the repository.
"""

from __future__ import annotations

import os
from dataclasses import field, replace
from pathlib import Path
from posixpath import dirname, relpath
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.monorepo.trees import TreeEntry, leaving, marked, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# Folders of a build: of its tree, and of what is laid beside that.
_TREE, _BESIDE = "src/", "links/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The links of a tree, named in there, and the files that they lead to, named in the build's folder."""

    links: tuple[TreeEntry, ...] = ()
    beside: tuple[TreeEntry, ...] = ()


def laid(
    links: Mapping[str, str],
    *,
    top: Path,
    names: Iterable[str],
    within: Path,
    at: str = "",
    ignore: Sequence[str] = (),
) -> Linked:
    """Lay `links`, by name in the tree, of which `top` is the folder and `names` are the other files.

    `within` is the repository, which none of them leaves. `ignore` counts from the folder `at` in the tree.
    """
    return _Laying.of(top, names, within=within, at=at, ignore=ignore).all(links)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laying:
    """What was laid so far, by its place in the build's folder; `known` are the places in the tree."""

    top: str
    repository: Path
    at: str
    ignore: Sequence[str]
    known: frozenset[str]
    links: dict[str, TreeEntry] = field(default_factory=dict)
    beside: dict[str, TreeEntry] = field(default_factory=dict)

    @classmethod
    def of(cls, top: Path, names: Iterable[str], *, within: Path, at: str, ignore: Sequence[str]) -> _Laying:
        """Begin with nothing."""
        known = {""}
        for name in names:
            while name and name not in known:
                known.add(name)
                name = dirname(name)  # noqa: PLW2901  the folders above it too
        return cls(
            top=os.path.realpath(top),
            repository=Path(os.path.realpath(within)),
            at=at,
            ignore=ignore,
            known=frozenset(known),
        )

    def all(self, links: Mapping[str, str]) -> Linked:
        """Lay them, and what comes with the folders that they lead to."""
        left = [(_TREE + name, path) for name, path in links.items()]
        known = self.known | frozenset(links)
        while left:
            place, path = left.pop()
            left += self._one(place, path, known)
        return Linked(
            links=tuple(
                replace(entry, name=place.removeprefix(_TREE))
                for place, entry in sorted(self.links.items())
                if place.startswith(_TREE)
            ),
            beside=tuple(
                entry
                for _, entry in sorted({**self.links, **self.beside}.items())
                if entry.name.startswith(_BESIDE)
            ),
        )

    def _one(self, place: str, path: str, known: frozenset[str]) -> list[tuple[str, str]]:
        """Lay the link at `path`; give those that came with it."""
        target = Path(os.path.realpath(path))
        if not target.exists() and leaving(place):
            return []  # an editor's lock
        if target.is_dir() and marked(target):
            return []
        in_tree = self._in_tree(target)
        inner: list[tuple[str, str]] = []
        if in_tree is not None and (in_tree in known or not target.exists()):
            leads = _TREE + in_tree
        else:
            leads = _BESIDE + target.relative_to(self.repository).as_posix()
            inner = self._bring(target, leads, name=place.removeprefix(_TREE + self.at))
        is_file = target.is_file()
        self.links[place] = TreeEntry(
            name=place, source=target if is_file else b"", link=relpath(f"/{leads}", f"/{dirname(place)}")
        )
        return inner

    def _in_tree(self, target: Path) -> str | None:
        return target.relative_to(self.top).as_posix() if target.is_relative_to(self.top) else None

    def _bring(self, target: Path, leads: str, *, name: str) -> list[tuple[str, str]]:
        """Lay what a link leads to beside the tree; give the links in there."""
        if target.is_file():
            executable = bool(target.stat().st_mode & 0o100)
            self.beside[leads] = TreeEntry(name=leads, source=target, executable=executable)
        if not target.is_dir():
            return []
        # `ignore` is about the names that files have behind the link.
        before, found = f"{name}/", dict[str, str]()
        for entry in walk(target, within=self.repository, at=before, ignore=self.ignore, links=found):
            place = f"{leads}/{entry.name.removeprefix(before)}"
            self.beside[place] = replace(entry, name=place)
        return [
            (f"{leads}/{inner.removeprefix(before)}", path)
            for inner, path in found.items()
            if f"{leads}/{inner.removeprefix(before)}" not in self.links
        ]
