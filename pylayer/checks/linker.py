"""A layer's ELF files → where the dynamic linker on Lambda finds each library that they need.

Looked for as ld.so(8) does: DT_RPATH (the file's own and its loaders', unless it has a DT_RUNPATH),
LD_LIBRARY_PATH (where Lambda puts /lib64 before /opt/lib), DT_RUNPATH, the system's folders.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from pylayer.checks.provided import provided

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pylayer.checks.elf import Elf
    from pylayer.targets import Target

# `elsewhere` is in the layer, but in no folder that is looked at; `doubtful` maybe in the runtime.
Place = Literal["layer", "runtime", "doubtful", "elsewhere", "nowhere"]

_OPT = "/opt/"
LIBRARY_FOLDER = "lib"


class Linker:
    """Knows the layer's `elves` of the target's machine, and the paths that layers `beside` it have."""

    def __init__(self, elves: Mapping[str, Elf], *, target: Target, beside: Collection[str] = ()) -> None:
        machine = target.architecture.elf_machine
        self.elves = {path: elf for path, elf in elves.items() if elf.machine == machine and elf.loadable}
        self.provided = provided(target)
        self._beside = beside
        self._names: set[str] = set()
        self._wanted_by: dict[str, list[str]] = defaultdict(list)
        for path, elf in self.elves.items():
            self._names |= {posixpath.basename(path), elf.soname}
            for name in elf.needed:
                self._wanted_by[name].append(path)
        self._loaders: dict[str, frozenset[str]] = {}

    def find(self, path: str, name: str) -> Place:
        """Where library `name`, needed by the file at `path`, is found."""
        elf = self.elves[path]
        if not elf.runpath and self._by_rpath(path, name):
            return "layer"
        if name in self.provided.libraries:
            return "runtime"
        if self._exists(f"{LIBRARY_FOLDER}/{name}") or self._in(path, elf.runpath, name):
            return "layer"
        if name in self.provided.doubtful:
            return "doubtful"
        # A file's libraries are loaded before those of its libraries: what it finds, they have.
        if any(self._in(loader, self.elves[loader].runpath, name) for loader in self.loaders(path)):
            return "layer"
        return "elsewhere" if name in self._names else "nowhere"

    def loaders(self, path: str) -> frozenset[str]:
        """Every file of the layer that needs the one at `path`, by its name and at any remove."""
        if path not in self._loaders:
            found: set[str] = set()
            pending = [path]
            while pending:
                current = pending.pop()
                names = {posixpath.basename(current), self.elves[current].soname}
                new = {loader for name in names for loader in self._wanted_by.get(name, ())} - found
                found |= new
                pending += new
            self._loaders[path] = frozenset(found - {path})
        return self._loaders[path]

    def is_shadowed(self, path: str) -> bool:
        """Whether nobody ever loads the library at `path`, because the runtime has one of that name."""
        name = self.elves[path].soname or posixpath.basename(path)
        if name not in self.provided.libraries:
            return False
        return not any(self.find(loader, name) == "layer" for loader in self._wanted_by.get(name, ()))

    def _by_rpath(self, path: str, name: str) -> bool:
        if self._in(path, self.elves[path].rpath, name):
            return True
        lenders = (loader for loader in self.loaders(path) if not self.elves[loader].runpath)
        return any(self._in(loader, self.elves[loader].rpath, name) for loader in lenders)

    def _in(self, path: str, folders: Iterable[str], name: str) -> bool:
        origin = _OPT + posixpath.dirname(path)
        for folder in folders:
            place = folder.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", origin)
            file = posixpath.normpath(f"{place}/{name}")
            if file.startswith(_OPT) and self._exists(file.removeprefix(_OPT)):
                return True
        return False

    def _exists(self, path: str) -> bool:
        return path in self.elves or path in self._beside
