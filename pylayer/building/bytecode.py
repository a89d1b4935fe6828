"""Wheel × interpreter → bytecode: a zip of the wheel's modules compiled, at their paths in an archive.

Lambda unpacks a layer to a read-only folder, with a fixed date on every file: bytecode that is validated by
its source's date is stale there, and each cold start would compile anew. Such a zip holds what is never
compared with its source (PEP 552, unchecked), compiled by the target's own version of Python.

Bytecode depends on Python's version, patch release included, and on no architecture: what the engine's own
architecture compiled serves every target whose Python has the same version.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from pylayer import keys
from pylayer.archives.layout import modules
from pylayer.checks.contents import source_of
from pylayer.engines import Job
from pylayer.errors import BuildError
from pylayer.monorepo.trees import TreeEntry
from pylayer.store.kinds import BYTECODE
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.archives.archive import Compiled
    from pylayer.engines import BuildEnv, Done, Interpreter
    from pylayer.processors import Processors
    from pylayer.store import Store
    from pylayer.wheels import Wheel
    from pylayer.zips.members import Member

_FORMAT = 2  # of what is in such a zip: a change of how modules are compiled changes it


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelBytecode:
    """The bytecode of a wheel: a zip of `members` files, none where it has no module, and its `sha256` (hex).

    `skipped` are the modules that do not compile on that Python, by their path in an archive, with the
    reason; they are left as they are.
    """

    path: Path
    sha256: str
    members: int
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytecode:
    """Zips of compiled modules, and the version of the `python` that made them.

    `notes` are what a user should hear of them.
    """

    files: tuple[Compiled, ...] = ()
    python: str = ""
    notes: tuple[str, ...] = ()


def key(wheel_sha256: str, *, interpreter: Interpreter, only: bool = False) -> str:
    """What the bytecode of a wheel is kept under (hex).

    Of the interpreter its version counts, its architecture does not.
    """
    parts = {"format": _FORMAT, "wheel": wheel_sha256, "python": interpreter.version, "only": only}
    return keys.key(parts)


def compile_wheels(
    wheels: Iterable[Wheel],
    *,
    open_env: Callable[[], BuildEnv],
    interpreter: Interpreter,
    store: Store,
    only: bool = False,
    processors: Processors,
    seen: Seen | None = None,
) -> dict[str, WheelBytecode]:
    """Give the bytecode of each wheel by the wheel's sha256 (hex).

    A module that several wheels have, as those of one distribution for two architectures do, is compiled
    once, also where an earlier call with the same `seen`, interpreter and `only` compiled it.

    What `store` does not have is compiled in one job of the build environment, which may have
    anything installed, and is opened for that alone; its Python must be of the interpreter's version. That
    takes the one of `processors` that the caller holds, and those that are idle.

    With `only` the bytecode replaces its source: `x.pyc` where `x.py` was, which saves the source's room and
    loses what is read from it: tracebacks name file and line but show no code, inspect.getsource and
    doctests find nothing, and a package that reads its own `.py` files as data (or gives them to another
    program) fails. A module that cannot be imported by its path keeps its source and has bytecode beside it.

    Raises BuildError when compiling fails as such, ArchiveError for a wheel that cannot be read.
    """
    wanted = {wheel.sha256: wheel for wheel in wheels}
    found = {
        sha256: _kept(store, key(sha256, interpreter=interpreter, only=only)) for sha256 in sorted(wanted)
    }
    if missing := [wanted[sha256] for sha256, bytecode in found.items() if bytecode is None]:
        with store.scratch() as scratch:
            batch = _Batch(missing, scratch, seen=seen or Seen())
            with processors.more() as count:
                compiled = batch.compile(open_env, only=only, processes=count)
            for sha256, (path, members, skipped) in compiled.items():
                blob = store.put_blob(path)
                record = {"sha256": blob, "members": members, "skipped": skipped}
                store.put_record(BYTECODE, key(sha256, interpreter=interpreter, only=only), record)
                found[sha256] = kept = _kept(store, key(sha256, interpreter=interpreter, only=only))
                if kept:
                    batch.remember(sha256, kept)
    return {sha256: bytecode for sha256, bytecode in found.items() if bytecode}


def _kept(store: Store, name: str) -> WheelBytecode | None:
    record = store.record(BYTECODE, name)
    path = store.known(record["sha256"]) if record else None
    if not record or not path:
        return None
    return WheelBytecode(path=path, **record)


def lacking(
    wheels: Iterable[Wheel], *, interpreter: Interpreter, store: Store, only: bool = False
) -> list[Wheel]:
    """Give the wheels of which `compile_wheels` would have to compile something."""
    keys = {wheel.sha256: key(wheel.sha256, interpreter=interpreter, only=only) for wheel in wheels}
    return [wheel for wheel in wheels if _kept(store, keys[wheel.sha256]) is None]


_Made = tuple["Path", int, list[tuple[str, str]]]  # a zip's path, members and skipped
_Module = tuple[str, str]  # a module: its path in an archive, and the sha256 (hex) of its source


@dataclass(frozen=True, slots=True)
class Seen:
    """Modules that one Python was given: in which zip the bytecode of each is, or why there is none."""

    compiled: dict[_Module, tuple[Path, str]] = field(default_factory=dict)
    refused: dict[_Module, str] = field(default_factory=dict)

    def __contains__(self, module: _Module) -> bool:
        return module in self.compiled or module in self.refused


class _Batch:
    """Wheels that are compiled in one job, and a private folder for what goes in and comes out."""

    def __init__(self, wheels: Sequence[Wheel], scratch: Path, *, seen: Seen) -> None:
        self._wheels = wheels
        self._seen = seen
        self._modules: dict[str, dict[str, _Module]] = {}
        self._sources = scratch / "src"
        self._parts = scratch / "out"
        self._deflated = scratch / "deflated"
        self._zips = scratch / "zips"
        for folder in (self._sources, self._parts, self._deflated, self._zips):
            folder.mkdir()

    def compile(self, open_env: Callable[[], BuildEnv], *, only: bool, processes: int) -> dict[str, _Made]:
        taken: set[_Module] = set()
        tree = [entry for wheel in self._wheels if (entry := self._source(wheel, taken))]
        skipped = {}
        if tree:
            done = self._run(open_env(), tree, only=only, processes=processes)
            skipped = done.answer["skipped"]
        for sha256, found in skipped.items():
            self._seen.refused.update({self._modules[sha256][name]: why for name, why in found})
        with ExitStack() as stack:
            compiled = self._compiled(stack, threads=processes)
            return {
                sha256: self._made(sha256, modules, compiled) for sha256, modules in self._modules.items()
            }

    def remember(self, sha256: str, bytecode: WheelBytecode) -> None:
        """Let later batches take the modules of a wheel from its bytecode, now that it is kept."""
        with Zip(bytecode.path) as file:
            for member in file.members:
                module = self._modules[sha256][source_of(member.name)]
                self._seen.compiled.setdefault(module, (bytecode.path, member.name))

    def _source(self, wheel: Wheel, taken: set[_Module]) -> TreeEntry | None:
        """A zip of the wheel's modules that nobody compiled yet, at their paths in an archive."""
        with Zip(wheel.path, label=wheel.filename) as file:
            found = modules(file)
            own = self._modules[wheel.sha256] = {
                name: (name, hashlib.sha256(file.content(member)).hexdigest())
                for name, member in sorted(found.items())
            }
            new = [name for name, module in own.items() if module not in self._seen and module not in taken]
            taken.update(own.values())
            if not new:
                return None
            path = self._sources / wheel.sha256
            with Writer(path) as writer:
                for name in new:
                    writer.copy(name, file, found[name], executable=False)
                writer.finish()
        return TreeEntry(name=wheel.sha256, source=path)

    def _compiled(self, stack: ExitStack, *, threads: int) -> dict[_Module, tuple[str, Zip, Member]]:
        """Every module there is bytecode of: its path in an archive, and where it lies compressed."""
        found: dict[_Module, tuple[str, Zip, Member]] = {}
        with ThreadPoolExecutor(threads) as pool:
            paths = list(pool.map(self._deflate, sorted(self._parts.iterdir())))
        for path in paths:
            part = stack.enter_context(Zip(path))
            for member in part.members:
                sha256, _, name = member.name.partition("/")
                found[self._modules[sha256][source_of(name)]] = (name, part, member)
        wanted = {module for own in self._modules.values() for module in own.values()} - found.keys()
        bytecode: dict[Path, tuple[Zip, dict[str, Member]]] = {}
        for module in wanted & self._seen.compiled.keys():
            path, name = self._seen.compiled[module]
            if path not in bytecode:
                file = stack.enter_context(Zip(path))
                bytecode[path] = file, {member.name: member for member in file.members}
            file, members = bytecode[path]
            found[module] = (name, file, members[name])
        return found

    def _made(
        self, sha256: str, own: Mapping[str, _Module], compiled: Mapping[_Module, tuple[str, Zip, Member]]
    ) -> _Made:
        path = self._zips / sha256
        members = sorted(
            (compiled[module] for module in own.values() if module in compiled), key=itemgetter(0)
        )
        with Writer(path) as writer:
            for name, file, member in members:
                writer.copy(name, file, member, executable=False)
            writer.finish()
        refused = self._seen.refused
        return (
            path,
            len(members),
            [(name, refused[member]) for name, member in own.items() if member in refused],
        )

    def _run(self, build_env: BuildEnv, tree: Sequence[TreeEntry], *, only: bool, processes: int) -> Done:
        name = f"bytecode.{keys.key({entry.name: only for entry in tree})[:12]}"
        job = Job(
            name=name,
            script="compile",
            request={"only": only, "processes": processes},
            tree=tree,
            env={"PYTHONHASHSEED": "0"},
            bare=True,
        )
        done = build_env.run(job, into=self._parts)
        if done.status:
            names = ", ".join(wheel.filename for wheel in self._wheels)
            raise BuildError("cannot be compiled to bytecode", where=names, log=done.log)
        return done

    def _deflate(self, part: Path) -> Path:
        """The same zip by the pinned compressor; threads do this at once, as the compressor lets them."""
        path = self._deflated / part.name
        with Zip(part) as file, Writer(path) as writer:
            for member in file.members:
                writer.add(member.name, file.content(member))
            writer.finish()
        return path
