"""Wheel × interpreter → companion: a zip of the wheel's modules compiled, at their paths in an archive.

Lambda unpacks a layer to a read-only folder, with a fixed date on every file: bytecode that is validated by
its source's date is stale there, and each cold start would compile anew. A companion holds what is never
compared with its source (PEP 552, unchecked), compiled by the target's own version of Python.

Bytecode depends on Python's version, patch release included, and on no architecture: what the engine's own
architecture compiled serves every target whose Python has the same version.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pylayer import keys
from pylayer.archives.layout import modules
from pylayer.engines import Job
from pylayer.errors import BuildError
from pylayer.monorepo.trees import Entry
from pylayer.zips.reader import Zip
from pylayer.zips.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pylayer.engines import Done, Interpreter, Room
    from pylayer.store import Store
    from pylayer.wheels import Wheel
    from pylayer.zips.members import Member

_KIND = "bytecode"
_FORMAT = 1  # of what is in a companion: a change of how modules are compiled changes it


@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """The bytecode of a wheel: a zip of `members` files, none where it has no module, and its `sha256` (hex).

    `skipped` are the modules that do not compile on that Python, by their path in an archive, with the
    reason; they are left as they are.
    """

    path: Path
    sha256: str
    members: int
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Companions:
    """Compiled companions: their files with their sha256 (hex), the version of the `python` that made them.

    `notes` are what a user should hear of them.
    """

    files: tuple[tuple[str, Path], ...] = ()
    python: str = ""
    notes: tuple[str, ...] = ()


def key(wheel_sha256: str, *, interpreter: Interpreter, only: bool = False) -> str:
    """What the companion of a wheel is kept under (hex).

    Of the interpreter its version counts, its architecture does not.
    """
    parts = {"format": _FORMAT, "wheel": wheel_sha256, "python": interpreter.version, "only": only}
    return keys.key(parts)


def compile_wheels(
    wheels: Iterable[Wheel],
    *,
    open_room: Callable[[], Room],
    interpreter: Interpreter,
    store: Store,
    only: bool = False,
) -> dict[str, Companion]:
    """Give the companion of each wheel by the wheel's sha256 (hex).

    What `store` does not have is compiled in one job of the room, which may have anything installed, and is
    opened for that alone; its Python must be of the interpreter's version.

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
    if missing := [wanted[sha256] for sha256, companion in found.items() if companion is None]:
        with store.scratch() as scratch:
            made = _Batch(missing, scratch).compile(open_room, only=only)
            for sha256, (path, members, skipped) in made.items():
                blob = store.put_blob(path)
                record = {"sha256": blob, "members": members, "skipped": skipped}
                store.put_record(_KIND, key(sha256, interpreter=interpreter, only=only), record)
                found[sha256] = _kept(store, key(sha256, interpreter=interpreter, only=only))
    return {sha256: companion for sha256, companion in found.items() if companion}


def _kept(store: Store, name: str) -> Companion | None:
    record = store.record(_KIND, name)
    path = store.blob(record["sha256"]) if record else None
    if not record or not path:
        return None
    skipped = tuple((member, reason) for member, reason in record["skipped"])
    return Companion(path=path, sha256=record["sha256"], members=record["members"], skipped=skipped)


_Made = tuple["Path", int, list[tuple[str, str]]]  # a companion's path, members and skipped


class _Batch:
    """Wheels that are compiled in one job, and a private folder for what goes in and comes out."""

    def __init__(self, wheels: Sequence[Wheel], scratch: Path) -> None:
        self._wheels = wheels
        self._sources = scratch / "src"
        self._parts = scratch / "out"
        self._deflated = scratch / "deflated"
        self._companions = scratch / "companions"
        for folder in (self._sources, self._parts, self._deflated, self._companions):
            folder.mkdir()

    def compile(self, open_room: Callable[[], Room], *, only: bool) -> dict[str, _Made]:
        tree = [entry for wheel in self._wheels if (entry := self._source(wheel))]
        skipped = self._run(open_room(), tree, only=only).answer["skipped"] if tree else {}
        with ExitStack() as stack:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                paths = list(pool.map(self._deflate, sorted(self._parts.iterdir())))
            members: dict[str, dict[str, tuple[Zip, Member]]] = {wheel.sha256: {} for wheel in self._wheels}
            for path in paths:
                part = stack.enter_context(Zip(path))
                for member in part.members:
                    sha256, _, name = member.name.partition("/")
                    members[sha256][name] = (part, member)
            return {
                sha256: (self._write(sha256, found), len(found), skipped.get(sha256, []))
                for sha256, found in members.items()
            }

    def _source(self, wheel: Wheel) -> Entry | None:
        """A zip of the wheel's modules alone, at their paths in an archive: its libraries need not travel."""
        with Zip(wheel.path, label=wheel.filename) as file:
            found = modules(file)
            if not found:
                return None
            path = self._sources / wheel.sha256
            with Writer(path) as writer:
                for name, member in sorted(found.items()):
                    writer.copy(name, file, member, executable=False)
                writer.finish()
        return Entry(name=wheel.sha256, source=path)

    def _run(self, room: Room, tree: Sequence[Entry], *, only: bool) -> Done:
        name = f"bytecode-{keys.key({entry.name: only for entry in tree})[:12]}"
        job = Job(
            name=name,
            script="compile",
            request={"only": only},
            tree=tree,
            env={"PYTHONHASHSEED": "0"},
            bare=True,
        )
        done = room.run(job, into=self._parts)
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

    def _write(self, sha256: str, members: Mapping[str, tuple[Zip, Member]]) -> Path:
        path = self._companions / sha256
        with Writer(path) as writer:
            for name, (part, member) in sorted(members.items()):
                writer.copy(name, part, member, executable=False)
            writer.finish()
        return path
