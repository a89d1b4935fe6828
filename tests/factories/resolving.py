"""Distributions by name and version → a resolution of them through a local index, with real uv."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from factories.localindex import LocalIndex, serving
from factories.wheels import make_wheel
from pylayer.index.indexes import Index, IndexSettings
from pylayer.resolver.requirements import Request, ResolverPython
from pylayer.resolver.resolve import resolve
from pylayer.targets import Architecture, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from pylayer.index.pins import Pin

CP311 = "cp311-cp311-manylinux_2_{}_x86_64"


class Desk:
    """A user's machine with indexes of its own, and a cache of uv of its own."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root = root
        self._stack = stack
        self._count = 0

    def index(self, **options: Any) -> LocalIndex:
        """Start an empty index."""
        self._count += 1
        folder = self.root / f"index-{self._count}"
        folder.mkdir()
        return self._stack.enter_context(serving(folder, **options))

    def settings(self, default: LocalIndex, *indexes: Index, **options: Any) -> IndexSettings:
        """Give settings that know these indexes alone."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env = {**kept, "HOME": str(self.root), "UV_CACHE_DIR": str(self.root / "uv"), "UV_HTTP_RETRIES": "0"}
        env |= options.pop("env", {})
        own = options.pop("url", default.url)
        return IndexSettings(default=Index.at(own, default=True), indexes=indexes, env=env, **options)


def add(
    index: LocalIndex, name: str, version: str, *, tag: str = "py3-none-any", needs: Sequence[str] = ()
) -> Path:
    """Put a wheel on an index."""
    return make_wheel(
        index.folder,
        name=name,
        version=version,
        tag=tag,
        metadata=[f"Requires-Dist: {each}" for each in needs],
    )


def python(runtime: str = "python3.11", architecture: str = "x86_64") -> ResolverPython:
    """Give the Python of a target."""
    return ResolverPython.of_target(
        Target(runtime=load_runtimes()[runtime], architecture=Architecture(architecture))
    )


def resolved(settings: IndexSettings, *requirements: str, **options: Any) -> tuple[Pin, ...]:
    """Resolve for python3.11-x86_64, or the `python` given."""
    given = options.pop("python", python())
    return resolve(Request(requirements=requirements, **options), python=given, settings=settings)


def versions(pins: Sequence[Pin]) -> dict[str, str]:
    """Give names and versions."""
    return {pin.name: pin.version for pin in pins}
