"""A Job and its build environment ↔ bytes that another machine can open, and what became of it ↔ the same.

Small files are in the bytes. Others, and wheels, are named by their sha256, and go by the depot.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pylayer import below, wheels
from pylayer.below import OutsideError
from pylayer.dataclassing import dataclass
from pylayer.digests import Digest
from pylayer.errors import BuildError, EngineError
from pylayer.monorepo.trees import TreeEntry
from pylayer.store import hash_file, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pylayer.engines import Interpreter, Job
    from pylayer.errors import PylayerError
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

SMALL = 1 << 16  # bytes of a file that is sent as it is


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file by its posix path: its bytes, or the sha256 by which the depot has it; a link has neither."""

    name: str
    content: bytes | Digest = b""
    executable: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRun:
    """What all jobs of a run have in common.

    `name` tells it from all others. `remote` and `folder` are where the depot is, `digests` (by target) and
    `strict` which images are taken.
    """

    name: str
    engine: str
    remote: str
    folder: str
    digests: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentJob:
    """A job for the Python of `target`, which must have this `identity`; wheels are as JSON has them."""

    run: SentRun
    target: Target
    identity: str
    bare: bool
    requirements: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    job: Job
    tree: tuple[SentFile, ...]
    around: tuple[SentFile, ...]
    beside: tuple[SentFile, ...]

    @property
    def wanted(self) -> list[Digest]:
        """The files that the depot has of it."""
        files = (file.content for file in (*self.tree, *self.around, *self.beside))
        wheels_of = (Digest(each["sha256"]) for each in (*self.requirements, *self.tools))
        return list(dict.fromkeys([*wheels_of, *(each for each in files if isinstance(each, Digest))]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SentQuestion:
    """What an engine is asked of its Python for a target."""

    run: SentRun
    target: Target


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAnswer:
    """What a machine said: what became of a job, or what its Python is and whether others can pull its image.

    `seconds` is how long the job took, and `error` what went wrong with it, as if here. `refused` is why the
    machine does nothing of this run, and `away` why it could not do this: it completes "the workers …".
    """

    machine: str = ""
    error: PylayerError | None = None
    refused: str = ""
    away: str = ""
    python: Interpreter | None = None
    can_be_had: bool = False
    seconds: float = 0.0
    status: int = 0
    log: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[SentFile, ...] = ()


def sent(
    job: Job,
    *,
    run: SentRun,
    target: Target,
    identity: str,
    bare: bool,
    requirements: Sequence[Wheel],
    tools: Sequence[Wheel],
) -> tuple[SentJob, dict[str, Path]]:
    """Give a job as it is sent, and the files that the depot must have for it, by their sha256s.

    Raises BuildError for a file that cannot be read.
    """
    large: dict[str, Path] = {wheel.sha256: wheel.path for wheel in (*requirements, *tools)}
    beside = [TreeEntry(name=name, source=content) for name, content in job.beside.items()]
    return SentJob(
        run=run,
        target=target,
        identity=identity,
        bare=bare,
        requirements=tuple(map(wheels.to_json, requirements)),
        tools=tuple(map(wheels.to_json, tools)),
        job=replace(job, tree=(), around=(), beside={}),
        tree=_packed(job.tree, large),
        around=_packed(job.around, large),
        beside=_packed(beside, large),
    ), large


def received(job: SentJob, *, at: Callable[[Digest], Path]) -> Job:
    """Give the job that was sent; `at` says where a file of the depot is here."""
    tree, around, beside = (
        tuple(_entry(file, at) for file in files) for files in (job.tree, job.around, job.beside)
    )
    return replace(job.job, tree=tree, around=around, beside={each.name: each.source for each in beside})


def results(folder: Path) -> tuple[tuple[SentFile, ...], dict[str, Path]]:
    """Give what a job left in `folder`, and the files of it that the depot must have."""
    large: dict[str, Path] = {}
    entries = [
        TreeEntry(
            name=path.relative_to(folder).as_posix(),
            source=path,
            executable=bool(path.stat().st_mode & 0o100),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]
    return _packed(entries, large), large


def unpacked(files: Iterable[SentFile], into: Path, *, get: Callable[[Mapping[str, Path]], None]) -> None:
    """Write what a job left into a folder; `get` writes files of the depot.

    Raises EngineError for a path that leads elsewhere: a job is not believed.
    """
    wanted: dict[str, Path] = {}
    same: list[tuple[Path, Path]] = []
    modes: list[tuple[Path, bool]] = []
    for file in files:
        try:
            path = into / below.plain(file.name)
        except OutsideError as error:
            raise EngineError(f"a job's results hold a file whose path {error}") from error
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(file.content, bytes):
                path.write_bytes(file.content)
            elif file.content in wanted:
                same.append((wanted[file.content], path))
            else:
                wanted[file.content] = path
        modes.append((path, file.executable))
    get(wanted)
    for source, path in same:
        path.write_bytes(source.read_bytes())
    for path, executable in modes:
        path.chmod(0o755 if executable else 0o644)


def closed(value: SentJob | SentQuestion | SentAnswer) -> bytes:
    """Give the bytes of a value."""
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def opened(content: bytes) -> Any:  # noqa: ANN401  one of the above
    """Give the value that `closed` closed: whoever made the bytes can have anything done here."""
    return pickle.loads(content)  # noqa: S301  workers and who gives them jobs trust each other (docs)


def _packed(entries: Iterable[TreeEntry], large: dict[str, Path]) -> tuple[SentFile, ...]:
    return tuple(_file(entry, large) for entry in entries)


def _file(entry: TreeEntry, large: dict[str, Path]) -> SentFile:
    content: bytes | Digest = b""
    if not entry.link:
        try:
            content = _content(entry.source, large)
        except OSError as error:
            raise BuildError(f"cannot be read: {error.strerror}", where=str(entry.source)) from error
    return SentFile(name=entry.name, content=content, executable=entry.executable, link=entry.link)


def _content(source: Path | bytes, large: dict[str, Path]) -> bytes | Digest:
    if isinstance(source, bytes):
        return source
    if source.stat().st_size <= SMALL:
        return source.read_bytes()
    digest = Digest(hash_file(source))
    large[digest] = source
    return digest


def _entry(file: SentFile, at: Callable[[Digest], Path]) -> TreeEntry:
    source = file.content if isinstance(file.content, bytes) else at(file.content)
    return TreeEntry(name=file.name, source=source, executable=file.executable, link=file.link)


def difference(own: tuple[str, str], other: tuple[str, str]) -> str:
    """Why a worker may not take part, by its version and `code` and those of who asks; empty if it may."""
    if own[0] != other[0]:
        return f"has pylayer {own[0]}, but this is {other[0]}"
    if own[1] != other[1]:
        return f"has another pylayer {other[0]} than this one: its code differs"
    return ""


@cache
def code() -> str:
    """Digest (hex) of what of pylayer decides what a job gives: machines with another one are refused."""
    found = hashlib.sha256()
    root = Path(__file__).parents[1]
    for folder in ("inside", "engines", "workers"):
        for path in sorted((root / folder).rglob("*.py")):
            found.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
