"""Wheel × interpreter → bytecode: a zip of the wheel's modules compiled, at their paths in an archive.

Lambda unpacks a layer to a read-only folder, with a fixed date on every file: bytecode that is validated by
its source's date is stale there, and each cold start would compile anew. Such a zip holds what is never
compared with its source (PEP 552, unchecked), compiled by the target's own version of Python.

Bytecode depends on Python's version, patch release included, and on no architecture: what the engine's own
architecture compiled serves every target whose Python has the same version.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from dataclasses import field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pylayer import keys
from pylayer.archives.layout import modules
from pylayer.checks.contents import source_of
from pylayer.dataclassing import dataclass
from pylayer.engines import Job
from pylayer.errors import BuildError
from pylayer.monorepo.trees import TreeEntry
from pylayer.store.kinds import BYTECODE
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.archives.archive import Compiled
    from pylayer.engines import BuildEnv, Done, Interpreter
    from pylayer.store import Store
    from pylayer.wheels import Wheel
    from pylayer.zips.members import Member

_ENOUGH = 1 << 20  # bytes of source that are worth a job
_IMPORTED = ("zipfile", "importlib.util", "json", "marshal", "re", "warnings")  # what the script starts with
_FORMAT = 3  # of what is in such a zip: a change of how modules are compiled changes it


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


def kept(
    wheels: Iterable[Wheel], *, interpreter: Interpreter, store: Store, only: bool = False
) -> dict[str, WheelBytecode]:
    """Give the bytecode that `store` has, by its wheel's sha256 (hex)."""
    found = {}
    for wheel in wheels:
        if one := _kept(store, key(wheel.sha256, interpreter=interpreter, only=only)):
            found[wheel.sha256] = one
    return found


def _kept(store: Store, name: str) -> WheelBytecode | None:
    record = store.record(BYTECODE, name)
    path = store.known(record["sha256"]) if record else None
    if not record or not path:
        return None
    return WheelBytecode(path=path, **record)


_Module = tuple[str, str]  # a module: its path in an archive, and the sha256 (hex) of its source


@dataclass(frozen=True, slots=True)
class Seen:
    """Modules that one Python was given: in which zip the bytecode of each is, or why there is none."""

    compiled: dict[_Module, tuple[Path, str]] = field(default_factory=dict)
    refused: dict[_Module, str] = field(default_factory=dict)

    def __contains__(self, module: _Module) -> bool:
        return module in self.compiled or module in self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Some modules of a batch that are compiled in one job: zips of them in `folder`, by their wheels."""

    number: int
    folder: Path
    wheels: tuple[Wheel, ...]


class Batch:
    """Wheels on their way to bytecode: modules are found, compiled in shares, and put together.

    A module that several wheels have, as those of one distribution for two architectures do, is compiled
    once, also where an earlier batch with the same `seen`, interpreter and `only` compiled it. `scratch` is a
    private folder. Of the interpreter its version counts: that of the Python that compiles.

    With `only` the bytecode replaces its source: `x.pyc` where `x.py` was, which saves the source's room and
    loses what is read from it: tracebacks name file and line but show no code, inspect.getsource and
    doctests find nothing, and a package that reads its own `.py` files as data (or gives them to another
    program) fails. A module that cannot be imported by its path keeps its source and has bytecode beside it.
    """

    def __init__(
        self,
        wheels: Iterable[Wheel],
        *,
        interpreter: Interpreter,
        store: Store,
        scratch: Path,
        only: bool = False,
        seen: Seen | None = None,
    ) -> None:
        self._wheels = {wheel.sha256: wheel for wheel in wheels}
        self._interpreter = interpreter
        self._store = store
        self._only = only
        self._seen = seen or Seen()
        self._modules: dict[str, dict[str, _Module]] = {}
        self._compiled: dict[int, Path] = {}
        self._sources = scratch / "src"
        self._parts = scratch / "out"
        self._deflated = scratch / "deflated"
        self._zips = scratch / "zips"
        for folder in (self._sources, self._parts, self._deflated, self._zips):
            folder.mkdir()

    def shares(self, processors: int) -> list[Share]:
        """Divide what is still to be compiled among so many `processors`; nothing where nothing is.

        Raises ArchiveError for a wheel that cannot be read.
        """
        taken: set[_Module] = set()
        with ExitStack() as stack:
            new: list[tuple[Wheel, Zip, Member, _Module]] = []
            for sha256, wheel in sorted(self._wheels.items()):
                file = stack.enter_context(Zip(wheel.path, label=wheel.filename, sha256=wheel.sha256))
                own = self._modules[sha256] = {}
                for name, member in sorted(modules(file, only=self._only).items()):
                    module = name, hashlib.sha256(file.content(member)).hexdigest()
                    own[name] = module
                    if module not in self._seen and module not in taken:
                        taken.add(module)
                        new.append((wheel, file, member, module))
            divided = _divided([member.size for _, _, member, _ in new], processors)
            return [self._share(number, new[part]) for number, part in enumerate(divided)]

    def _share(self, number: int, new: Sequence[tuple[Wheel, Zip, Member, _Module]]) -> Share:
        folder = self._sources / str(number)
        folder.mkdir()
        wheels = []
        for sha256, group in groupby(new, key=lambda one: one[0].sha256):
            wheels.append(self._wheels[sha256])
            with Writer(folder / sha256) as writer:
                for _, file, member, (name, _) in group:
                    writer.copy(name, file, member, executable=False)
                writer.finish()
        return Share(number=number, folder=folder, wheels=tuple(wheels))

    def compile(self, share: Share, build_env: BuildEnv) -> None:
        """Compile a share in a job of a build environment, which may have anything installed.

        Several shares may be compiled at once. Raises BuildError when compiling fails as such.
        """
        tree = [TreeEntry(name=path.name, source=path) for path in sorted(share.folder.iterdir())]
        done = self._run(build_env, share, tree)
        for sha256, found in done.answer["skipped"].items():
            self._seen.refused.update({self._modules[sha256][name]: why for name, why in found})
        self._compiled[share.number] = self._deflate(self._parts / str(share.number), str(share.number))

    def finish(self) -> dict[str, WheelBytecode]:
        """Keep the bytecode of each wheel, once all shares are compiled; by the wheel's sha256 (hex)."""
        with ExitStack() as stack:
            compiled = self._members(stack)
            for sha256, own in self._modules.items():
                record = self._made(sha256, own, compiled)
                name = key(sha256, interpreter=self._interpreter, only=self._only)
                self._store.put_record(BYTECODE, name, record)
        found = kept(self._wheels.values(), interpreter=self._interpreter, store=self._store, only=self._only)
        for sha256, one in found.items():
            self._remember(sha256, one)
        return found

    def _remember(self, sha256: str, bytecode: WheelBytecode) -> None:
        """Let later batches take the modules of a wheel from its bytecode, now that it is kept."""
        with Zip(bytecode.path) as file:
            for member in file.members:
                module = self._modules[sha256][source_of(member.name)]
                self._seen.compiled.setdefault(module, (bytecode.path, member.name))

    def _members(self, stack: ExitStack) -> dict[_Module, tuple[str, Zip, Member]]:
        """Every module there is bytecode of: its path in an archive, and where it lies compressed."""
        found: dict[_Module, tuple[str, Zip, Member]] = {}
        for _, path in sorted(self._compiled.items()):
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
    ) -> dict[str, Any]:
        """Put a wheel's bytecode together, keep it, and give what is to be known of it."""
        path = self._zips / sha256
        members = sorted(
            (compiled[module] for module in own.values() if module in compiled), key=itemgetter(0)
        )
        with Writer(path) as writer:
            for name, file, member in members:
                writer.copy(name, file, member, executable=False)
            writer.finish()
        refused = self._seen.refused
        skipped = [(name, refused[module]) for name, module in own.items() if module in refused]
        return {"sha256": self._store.put_blob(path), "members": len(members), "skipped": skipped}

    def _run(self, build_env: BuildEnv, share: Share, tree: Sequence[TreeEntry]) -> Done:
        named = {"wheels": [entry.name for entry in tree], "share": share.number, "only": self._only}
        job = Job(
            name=f"bytecode.{keys.key(named)[:12]}",
            script="compile",
            request={"only": self._only},
            tree=tree,
            env={"PYTHONHASHSEED": "0"},
            bare=True,
            warm=_IMPORTED,
        )
        into = self._parts / str(share.number)
        into.mkdir()
        done = build_env.run(job, into=into)
        if done.status:
            names = ", ".join(wheel.filename for wheel in share.wheels)
            raise BuildError("cannot be compiled to bytecode", where=names, log=done.log)
        return done

    def _deflate(self, folder: Path, name: str) -> Path:
        """What a job made, by the pinned compressor."""
        path = self._deflated / name
        with Writer(path) as writer:
            for part in sorted(folder.iterdir()):
                with Zip(part) as file:
                    for member in file.members:
                        writer.add(member.name, file.content(member))
            writer.finish()
        return path


def _divided(sizes: Sequence[int], processors: int) -> list[slice]:
    """Divide what has these sizes (bytes) into ever smaller parts, down to what is worth a job.

    Whoever has done one takes the next: so all end at about the same time, whenever each could begin.
    """
    parts = []
    left, start, taken = sum(sizes), 0, 0
    for number, size in enumerate(sizes):
        taken += size
        if taken >= max(left // (2 * processors), _ENOUGH) or number == len(sizes) - 1:
            parts.append(slice(start, number + 1))
            left, start, taken = left - taken, number + 1, 0
    return parts
