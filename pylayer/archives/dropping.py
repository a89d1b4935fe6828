"""Patterns of what a layer can do without → the paths that its archive leaves out, and what that saves.

What can be known to be needed stays in spite of a pattern: all of a .dist-info folder, the modules that entry
points name, the shared libraries that an ELF file needs which stays, and the `__init__.py` of a package of
which anything stays. What modules import as they are imported cannot be known without running them.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pylayer.amounts import size_text
from pylayer.archives.layout import ROOT, place
from pylayer.checks import elf
from pylayer.checks.contents import source_of
from pylayer.dataclassing import dataclass
from pylayer.errors import ArchiveError, Fault
from pylayer.patterns import ignored
from pylayer.wheels import is_bytecode
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pylayer.archives.layout import Placed
    from pylayer.checks.elf import Elf
    from pylayer.targets import Runtime
    from pylayer.wheels import Wheel

FORMAT = 1  # of what stays in spite of a pattern
_MODULES = (".py", ".pyc", ".so")
_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """The paths that stay out of an archive: how many `files` less, and bytes, unzipped and `packed`.

    `kept` are paths that a pattern matches and that stay all the same, with the reason.
    """

    paths: frozenset[str] = frozenset()
    files: int = 0
    size: int = 0
    packed: int = 0
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def notes(self) -> list[str]:
        """Lines for a person."""
        counted = "1 file" if self.files == 1 else f"{self.files} files"
        lines = [f"drop saves {counted}, {size_text(self.size)} unzipped, {size_text(self.packed)} zipped"]
        lines += [f"drop keeps {path}: {reason}" for path, reason in self.kept[:_TOLD]]
        if self.kept[_TOLD:]:
            lines.append(f"drop keeps {len(self.kept) - _TOLD} more")
        return lines


def choose(
    wheels: Sequence[Wheel], bytecode: Sequence[Path], *, patterns: Sequence[str], runtime: Runtime
) -> Dropped:
    """Find what `patterns` (as in a .gitignore, counted from `python/`) leave out of an archive.

    The modules in the zips of `bytecode` go with their sources. Raises ArchiveError for each distribution of
    which nothing would be left.
    """
    with ExitStack() as stack:
        opened = [
            (wheel, stack.enter_context(Zip(wheel.path, label=wheel.filename, sha256=wheel.sha256)))
            for wheel in wheels
        ]
        placed = [(wheel, file, place(file, runtime=runtime)) for wheel, file in opened]
        choice = _Choice(placed, patterns)
        if not choice.wanted:
            return Dropped()
        choice.spare_entry_points()
        choice.spare_libraries()
        choice.spare_packages()
        choice.refuse_emptiness()
        saved = {
            member.path: member.member
            for _, _, all_ in placed
            for member in all_
            if member.path in choice.wanted
        }
    for path in bytecode:
        with Zip(path) as file:
            for member in file.members:
                source = source_of(member.name)
                if source in choice.wanted:
                    saved[member.name] = member
                    if not is_bytecode(member.name):  # it would have taken the source's place
                        saved.pop(source, None)
    return Dropped(
        paths=frozenset(choice.wanted | saved.keys()),
        files=len(saved),
        size=sum(member.size for member in saved.values()),
        packed=sum(member.packed for member in saved.values()),
        kept=tuple(sorted(choice.kept.items())),
    )


class _Choice:
    """What is `wanted` out, less and less of it, and what is `kept` of that, with the reason."""

    def __init__(self, placed: Sequence[tuple[Wheel, Zip, list[Placed]]], patterns: Sequence[str]) -> None:
        matches = matcher(patterns)
        self._placed = placed
        self.paths = {member.path for _, _, members in placed for member in members}
        self.wanted = {path for path in self.paths if not _in_dist_info(path) and matches(path)}
        self.kept: dict[str, str] = {}

    def spare_entry_points(self) -> None:
        for _, file, members in self._placed:
            for member in members:
                if member.path.endswith(".dist-info/entry_points.txt") and _in_dist_info(member.path):
                    for module in _entry_points(file.content(member.member).decode(errors="replace")):
                        self._spare(_files_of(module, self.wanted), f"an entry point is in {module}")

    def spare_libraries(self) -> None:
        """Keep what the linker would miss, and what that would miss in turn."""
        if not any(_is_elf(file, member) for file, member in self._members() if member.path in self.wanted):
            return
        elves = dict(self._elves())
        givers: dict[str, set[str]] = defaultdict(set)
        for path, found in elves.items():
            for name in {posixpath.basename(path), found.soname}:
                givers[name].add(path)
        pending = [path for path in sorted(elves) if path not in self.wanted]
        while pending:
            path = pending.pop()
            for name in elves[path].needed:
                if givers[name] and givers[name] <= self.wanted:
                    self._spare(givers[name], f"{path} needs it")
                    pending += sorted(givers[name])

    def spare_packages(self) -> None:
        stays: set[str] = set()
        for path in self.paths - self.wanted:
            folder = posixpath.dirname(path)
            while folder and folder not in stays:
                stays.add(folder)
                folder = posixpath.dirname(folder)
        inits = [path for path in self.wanted if posixpath.basename(path) == "__init__.py"]
        self._spare([path for path in inits if posixpath.dirname(path) in stays], "part of its package stays")

    def refuse_emptiness(self) -> None:
        faults = [
            Fault(
                what="drop would leave no module of it",
                where=wheel.filename,
                hint=f'to do without it, write exclude = ["{wheel.metadata.name}"]',
            )
            for wheel, _, members in self._placed
            if (modules := {member.path for member in members if member.path.endswith(_MODULES)})
            and modules <= self.wanted
        ]
        if faults:
            raise ArchiveError.of(faults)

    def _spare(self, paths: Iterable[str], reason: str) -> None:
        for path in paths:
            if path in self.wanted:
                self.wanted.discard(path)
                self.kept[path] = reason

    def _members(self) -> Iterator[tuple[Zip, Placed]]:
        for wheel, file, members in self._placed:
            if wheel.metadata.native:
                for member in members:
                    yield file, member

    def _elves(self) -> Iterator[tuple[str, Elf]]:
        for file, member in self._members():
            if _is_elf(file, member) and (found := elf.read(file.content(member.member))):
                yield member.path, found


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """A test of a path in an archive: a pattern matches it, or a folder that it is in."""
    test = ignored(patterns)
    folders: dict[str, bool] = {"": False}

    def in_folder(folder: str) -> bool:
        if folder not in folders:
            folders[folder] = in_folder(posixpath.dirname(folder)) or test(folder, True)  # noqa: FBT003
        return folders[folder]

    def matches(path: str) -> bool:
        name = path.removeprefix(ROOT)
        return in_folder(posixpath.dirname(name)) or test(name, False)  # noqa: FBT003

    return matches


def _in_dist_info(path: str) -> bool:
    return path.removeprefix(ROOT).partition("/")[0].endswith(".dist-info")


def _entry_points(text: str) -> Iterator[str]:
    """The modules that an entry_points.txt names: https://packaging.python.org/specifications/entry-points/."""
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if value and not name.lstrip().startswith(("#", ";")):
            yield value.partition(":")[0].partition("[")[0].strip()


def _files_of(module: str, paths: Iterable[str]) -> list[str]:
    """Those of `paths` that are `module`: a source, a package's, or an extension."""
    stem = ROOT + module.replace(".", "/")
    return [
        path
        for path in paths
        if path in (f"{stem}.py", f"{stem}/__init__.py")
        or (path.startswith(f"{stem}.") and path.endswith(".so"))
    ]


def _is_elf(file: Zip, placed: Placed) -> bool:
    return file.head(placed.member, len(elf.MAGIC)) == elf.MAGIC if placed.member.size else False
