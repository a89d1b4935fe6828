"""Builds that a run begins with → their third-party wheels, had and compiled beside the private builds.

What a build takes is certain only once its own projects are built, for their wheels say what they require. It
is seldom anything else than what the lock has, or, where there is none yet, what the projects' own files
state; and to have it takes longest on a first day.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pylayer.graph import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.building.compiler import Compiler
    from pylayer.building.context import RunContext
    from pylayer.building.dependencies import Dependencies
    from pylayer.config.layers import Build


class Ahead:
    """Does early, behind all that is known to be wanted, what is likely to be.

    What goes wrong is told where it is wanted.
    """

    def __init__(self, context: RunContext, *, dependencies: Dependencies, bytecode: Compiler) -> None:
        self._processors = context.graph.processors.count
        self._stored = context.files
        self._dependencies = dependencies
        self._bytecode = bytecode
        self._seen: set[tuple[str, str]] = set()

    async def of(self, builds: Sequence[Build]) -> None:
        """Begin with all of `builds`, beside what is wanted: so not with one processor alone.

        Nor is anything begun where files are had from a shared store as they are wanted.
        """
        if self._processors > 1 and not self._stored.lazy:
            await together([self._of(build) for build in builds])

    async def _of(self, build: Build) -> None:
        with suppress(Exception):  # whoever wants it meets the same, or does without
            if (locked := self._dependencies.locked(build)) is None:
                await self._bytecode.expect(await self._dependencies.likely(build), build=build)
                return
            key = f"{build.target.runtime} {build.layer.bytecode}"
            new = {(key, sha256) for sha256 in locked} - self._seen
            self._seen |= new
            if new and await self._bytecode.lacks([sha256 for _, sha256 in new], build=build):
                await self._bytecode.expect(await self._dependencies.expected(build), build=build)
