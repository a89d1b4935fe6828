"""A project with native code and a target → the way in which it is built: cross-compiled, or in a container.

Projects know ways by this module alone; how a cross compiler is used is in `cross`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from pylayer.errors import PylayerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from pylayer.building.hosts import BuildHost
    from pylayer.config.layers import Native
    from pylayer.engines import Done, Job
    from pylayer.keys import Parts
    from pylayer.monorepo.trees import TreeEntry
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

Result = TypeVar("Result")

# What a project has that compiles something, by the ends of its files' names.
SOURCES = (".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs", "meson.build", "CMakeLists.txt")


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


async def chosen(
    how: Native,
    *,
    cross: Callable[[], Awaitable[Result]],
    container: Callable[[str], Awaitable[Result]],
) -> Result:
    """Build by `cross`, or by `container`, which is told why not the first; as the manifest says."""
    reason = ""
    if how != "container":
        try:
            return await cross()
        except PylayerError as error:
            if how == "cross":
                raise
            reason = error.faults[0].what
    return await container(reason)


def has_sources(entries: Sequence[TreeEntry]) -> bool:
    """Whether a source tree may have native code to compile."""
    return any(entry.name.endswith(SOURCES) for entry in entries)
