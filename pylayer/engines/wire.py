"""A Job ↔ the two streams of `pylayer/inside/stream.py`: in go its files, out come its results."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from pylayer import below
from pylayer.below import OutsideError
from pylayer.engines import Done
from pylayer.engines.scripts import script_text
from pylayer.errors import BuildError, EngineError
from pylayer.process import OutputEnd
from pylayer.processors import confinement
from pylayer.store import writing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path, PurePosixPath
    from typing import BinaryIO

    from pylayer.engines import Job
    from pylayer.monorepo.trees import TreeEntry

_CHUNK = 1 << 18
_LONGEST_HEADER = 16 << 20  # bytes: it lists a file in a hundred of them, and no wheel has as many
_MOST_RESULTS = 4 << 30  # bytes: what a zip without extensions can be


class JobFile(NamedTuple):
    """A file in the folder of a job when it starts; a symbolic link has where it leads, and no content."""

    name: str
    content: Path | bytes
    executable: bool = False
    link: str = ""


def files(job: Job) -> Sequence[JobFile]:
    """List what is in the folder of `job` when it starts: links last, so that nothing is written by one."""
    listed = [
        JobFile("request.json", json.dumps(job.request).encode()),
        JobFile(f"inside/{job.script}.py", script_text(job.script).encode()),
        *(JobFile(f"inside/{name}", content) for name, content in job.beside.items()),
        *(_file("", entry) for entry in job.around),
        *(_file("src/", entry) for entry in job.tree),
    ]
    return sorted(listed, key=lambda file: bool(file.link))


def _file(folder: str, entry: TreeEntry) -> JobFile:
    content = b"" if entry.link else entry.source
    return JobFile(folder + entry.name, content, entry.executable, entry.link)


def pack(job: Job, *, folder: str, env: Mapping[str, str], user: int | None = None) -> Iterator[bytes]:
    """Give the stream of `job` for an own `folder`, in chunks; no file is held in memory.

    `env` is added to the engine's variables, and what the job has of its own to that. `user` is the job's
    own, of which nothing is to be left. Raises BuildError for a file that cannot be read, or changes
    meanwhile.
    """
    runner = JobFile("inside/program.py", script_text("program").encode())
    listed = [(file, _size(file.content)) for file in (runner, *files(job))]
    header = {
        "user": user,
        "options": list(job.options),
        "folder": folder,
        "script": f"inside/{job.script}.py",
        "env": {**env, **job.env},
        "warm": {"modules": list(job.warm), "env": dict(env)} if job.warm else None,
        "processors": [confinement(), os.getpid()],
        "files": [(file.name, size, file.executable, file.link) for file, size in listed],
    }
    yield json.dumps(header).encode() + b"\n"
    for file, size in listed:
        if isinstance(file.content, bytes):
            yield file.content
        else:
            yield from _read(file.content, size)


class Results:
    """What comes back from a job, while it comes: what it prints, and its files are written into a folder.

    All of it is the job's word: none of it is believed. `log` is what it prints.
    """

    def __init__(self, into: Path) -> None:
        self.log = OutputEnd()
        self._into = into
        self._printed = 0
        self._line = bytearray()
        self._header: dict[str, Any] | None = None
        self._awaited: list[tuple[str, int, bool]] = []
        self._file: BinaryIO | None = None
        self._missing = 0

    @property
    def complete(self) -> bool:
        """Whether all of it has come."""
        return self._header is not None and not self._awaited and not self._missing

    @property
    def status(self) -> int:
        """The exit status of the job's script; only when complete."""
        assert self._header is not None
        return int(self._header["status"])

    @property
    def clean(self) -> bool:
        """Whether the job left nothing where it ran, as what ran it says; only when complete."""
        assert self._header is not None
        return self._header.get("clean") is True

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream.

        Raises EngineError for what is no header, or a name that leaves the folder; StoreError where the disk
        does not take it.
        """
        rest = memoryview(data)
        while rest and self._header is None:
            if self._printed:
                self.log.add(bytes(rest[: self._printed]))
                rest, self._printed = rest[self._printed :], max(self._printed - len(rest), 0)
            else:
                rest = self._feed_line(bytes(rest))
        while rest:
            if self._file is None:
                return  # no file is awaited
            taken = rest[: self._missing]
            with writing(self._into):
                self._file.write(taken)
            self._missing -= len(taken)
            rest = rest[len(taken) :]
            self._next()

    def done(self, status: int) -> Done:
        """Give the Done of the job; where no results came, what came instead is part of the log."""
        log = str(self.log)
        if self._header is None:
            log = self._line.decode(errors="replace") + log
        answer = (self._header or {}).get("answer")
        return Done(status=status, log=log, answer=answer if isinstance(answer, dict) else {})

    def close(self) -> None:
        """Close the file that did not come to its end."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _feed_line(self, data: bytes) -> memoryview:
        line, newline, rest = data.partition(b"\n")
        self._line += line
        if len(self._line) > _LONGEST_HEADER:
            raise EngineError("a job's results cannot be read: they begin with a line without end")
        if newline:
            try:
                header = json.loads(self._line)
                if "log" in header:
                    self._printed = _count(header["log"])
                    self._line.clear()
                    return memoryview(rest)
                self._awaited = [_listed(row) for row in reversed(header["files"])]
                int(header["status"])
                self._header = header
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
                raise EngineError(f"a job's results cannot be read: {bytes(self._line[:200])!r}") from error
            if sum(size for _, size, _ in self._awaited) > _MOST_RESULTS:
                raise EngineError(f"a job's results are more than {_MOST_RESULTS >> 30} GiB")
            self._next()
        return memoryview(rest)

    def _next(self) -> None:
        """Go on to the next file, once this one is complete."""
        while not self._missing:
            self.close()
            if not self._awaited:
                return
            name, self._missing, executable = self._awaited.pop()
            path = self._into / _plain(name)
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("wb")
                path.chmod(0o755 if executable else 0o644)


def _listed(row: object) -> tuple[str, int, bool]:
    """Take one file of the header; raises ValueError or TypeError."""
    if not isinstance(row, list):
        raise TypeError(row)
    name, size, executable = row
    if not isinstance(name, str):
        raise TypeError(row)
    return name, _count(size), bool(executable)


def _count(size: object) -> int:
    """Take a number of bytes; raises ValueError."""
    if type(size) is not int or size < 0:
        raise ValueError(size)
    return size


def _plain(name: str) -> PurePosixPath:
    try:
        return below.plain(name)
    except OutsideError as error:
        raise EngineError(f"a job's results hold a file whose path {error}") from error


def _size(content: Path | bytes) -> int:
    if isinstance(content, bytes):
        return len(content)
    try:
        return content.stat().st_size
    except OSError as error:
        raise BuildError(f"cannot be read: {error.strerror}", where=str(content)) from error


def _read(path: Path, size: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while size:
                chunk = file.read(min(size, _CHUNK))
                if not chunk:
                    raise BuildError(
                        "changed while it was being read", where=str(path), hint="run the command again"
                    )
                size -= len(chunk)
                yield chunk
    except OSError as error:
        raise BuildError(f"cannot be read: {error.strerror}", where=str(path)) from error
