"""The keys of a run's steps → what a person calls them."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

# What has no name here belongs to the step that asked for it.
_STEPS = {
    "engine": "engine",
    "host": "engine",
    "layer": "dependencies",
    "likely": "dependencies",
    "resolution": "dependencies",
    "environment": "environment",
    "git": "dependencies",
    "source": "wheel",
    "wheel": "wheel",
    "bytecode": "bytecode",
    "build": "archive",
    "verify": "verify",
    "zig": "zig",
    "download": "download",
}
_TELLING = {
    "zig": 1,
    "download": 1,
    "resolution": 1,
}  # how much of a key says what a step is done to, where that is not all


# The keys of these have a project's folder behind their names.
_OF_PROJECTS = frozenset({"serving", "source", "wheel"})


def named(keys: Sequence[Hashable]) -> tuple[str, str]:
    """What a person calls the innermost step among `keys` that has a name, and what it was done to."""
    for key in reversed(keys):
        kind, *what = key if isinstance(key, tuple) and key else (key,)
        if kind in _STEPS:
            told = what[: _TELLING.get(kind)]
            return _STEPS[kind], " ".join(
                part.name if isinstance(part, PurePath) else str(part) for part in told if part != ""
            )
    return "other", ""


def build_of(keys: Sequence[Hashable]) -> str:
    """The id of the build that a step among `keys` was first done for; empty where it is for all.

    That of a closure says more: the builds of a layer are closed together, when the first of them asks.
    """
    for key in reversed(keys):
        if isinstance(key, tuple) and key and key[0] in ("build", "closure"):
            return str(key[1])
    return ""


def layer_of(build: str) -> str:
    """The layer that a build, by its id, is of."""
    return build.rsplit("-", 2)[0]


def projects(keys: Iterable[Hashable]) -> frozenset[Path]:
    """The folders of the projects that steps looked at."""
    return frozenset(
        key[1]
        for key in keys
        if isinstance(key, tuple) and key[0] in _OF_PROJECTS and isinstance(key[1], Path)
    )


def serves_others(key: Hashable) -> bool:
    """Whether a step looks at builds besides the one that asks for it: those of a layer go together."""
    return isinstance(key, tuple) and bool(key) and key[0] == "layer"
