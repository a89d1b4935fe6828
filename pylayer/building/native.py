"""A project → whether it has native code to build, and the ways to build that: by a cross compiler, or not.

Projects know ways by this module alone; how a cross compiler is used is in `cross`.
"""

from __future__ import annotations

import re
from dataclasses import field
from posixpath import dirname, normpath
from typing import TYPE_CHECKING, Protocol, Self

from pylayer.dataclassing import dataclass
from pylayer.errors import BuildError
from pylayer.names import required_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pylayer.building.hosts import BuildHost
    from pylayer.engines import Done, Job
    from pylayer.keys import Parts
    from pylayer.monorepo.trees import TreeEntry
    from pylayer.monorepo.workspace import Project
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

# What a project has that compiles something, by the ends of its files' names.
SOURCES = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs", "meson.build", "CMakeLists.txt")
# Backends that are there to compile, by the module's first name, and build requirements that are.
_BACKENDS = frozenset({"maturin", "mesonpy", "scikit_build_core", "sipbuild"})
_COMPILE = frozenset(
    {
        *("cffi", "cmake", "cython", "hatch-cython", "hatch-mypyc", "mypy", "nanobind", "pybind11"),
        *("scikit-build", "scikit-build-core", "setuptools-rust"),
    }
)
# Words by which setup.py, or what a backend runs besides, says that it compiles.
_WORDS = re.compile(
    rb"ext[_-]modules|\bExtension\b|cffi_modules|rust_extensions|RustExtension|cythonize|mypycify"
    rb"|build_ext|build_clib|CMakeExtension"
)
_CPLUSPLUS = (".cc", ".cpp", ".cxx", ".hpp")
_LANGUAGE = re.compile(rb"^#\s*distutils:\s*language\s*=\s*[cC]\+\+", re.MULTILINE)
_CONFIGURATIONS = ("pyproject.toml", "setup.cfg")


class BackendError(BuildError):
    """A build backend that failed.

    `complaints` are what its output says of the project itself. Where `final`, no other way of building can
    do better.
    """

    complaints: frozenset[str] = frozenset()
    final: bool = False


class Way(Protocol):
    """How a build is done: what it adds to its job and its key, and what it makes of the result."""

    @property
    def name(self) -> str:
        """What tells ways of one project and builder apart; empty for the one that adds nothing."""
        ...

    @property
    def tools(self) -> tuple[Wheel, ...]:
        """What the build environment has besides the build requirements."""
        ...

    @property
    def parts(self) -> Parts:
        """What of it can change a byte of the wheel."""
        ...

    async def ready(self) -> Self:
        """The same with all that its jobs need; raises PylayerError where that cannot be had."""
        ...

    def job(self, job: Job) -> Job:
        """The job with what this way adds."""
        ...

    def failure(self, done: Done) -> str:
        """Why a job failed, as far as this way knows; empty where it does not."""
        ...

    def finished(self, path: Path, done: Done, *, where: str) -> Path:
        """The wheel that is kept; raises BuildError where the one at `path` cannot be trusted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """By the compilers of the host, for that host."""

    name: str = ""
    tools: tuple[Wheel, ...] = ()
    parts: Parts = field(default_factory=dict)

    async def ready(self) -> Self:
        """Give it as it is."""
        return self

    def job(self, job: Job) -> Job:
        """Give it as it is."""
        return job

    def failure(self, done: Done) -> str:  # noqa: ARG002  a Way's
        """Give nothing."""
        return ""

    def finished(self, path: Path, done: Done, *, where: str) -> Path:  # noqa: ARG002  a Way's
        """Give it as it is."""
        return path


class Crossing(Protocol):
    """Has a cross compiler ready."""

    async def way(
        self, entries: Sequence[TreeEntry], *, target: Target, builder: Target, host: BuildHost
    ) -> Way:
        """The way to build sources for `target` on `host`, where `builder`'s Python runs.

        Raises PylayerError where there is no compiler.
        """
        ...


def has_sources(entries: Sequence[TreeEntry]) -> bool:
    """Whether a source tree may have native code to compile."""
    return any(entry.name.endswith(SOURCES) for entry in entries)


def bulk(entries: Sequence[TreeEntry]) -> int:
    """How many bytes of sources there may be to compile.

    A layer has its archives once a project is built for all their targets: so these builds, which have as
    much, are to follow each other, and what has little goes before what has much.
    """
    return sum(map(_size, (entry for entry in entries if entry.name.endswith(SOURCES))))


def has_cplusplus(entries: Sequence[TreeEntry]) -> bool:
    """Whether a source tree has C++, or Cython that becomes C++."""
    return any(
        entry.name.endswith(_CPLUSPLUS) or (entry.name.endswith(".pyx") and _LANGUAGE.search(_content(entry)))
        for entry in entries
    )


def is_certain(project: Project) -> bool:
    """Whether the build backend of `project` is there to compile something."""
    return project.backend.partition(":")[0].partition(".")[0] in _BACKENDS


def is_possible(project: Project, entries: Sequence[TreeEntry]) -> bool:
    """Whether building `project` could compile something, by all that is known without reading its files."""
    builders = map(required_name, project.requires)
    return is_certain(project) or has_sources(entries) or not _COMPILE.isdisjoint(builders)


def expected(project: Project, entries: Sequence[TreeEntry], *, subdir: str = ".") -> bool:
    """Whether building `project`, which is in the folder `subdir` of its tree, compiles something.

    As far as its files say. What compiles without a word of it is found out by its wheel.
    """
    if is_certain(project):
        return True
    if not _COMPILE.isdisjoint(map(required_name, project.requires)):
        return True
    if not has_sources(entries):
        return False
    folder = "" if subdir == "." else subdir
    paths = [path for path in project.backend_path if normpath(path) != "."]
    backends = tuple(f"{folder}/{path}/".lstrip("/") for path in paths)
    return any(
        _WORDS.search(_content(entry))
        for entry in entries
        if (dirname(entry.name) == folder or entry.name.startswith(backends))
        and entry.name.endswith((".py", *_CONFIGURATIONS))
    )


def _size(entry: TreeEntry) -> int:
    if isinstance(entry.source, bytes):
        return len(entry.source)
    return entry.stat.st_size if entry.stat else 0


def _content(entry: TreeEntry) -> bytes:
    try:
        return entry.source if isinstance(entry.source, bytes) else entry.source.read_bytes()
    except OSError:  # digesting it says so
        return b""
