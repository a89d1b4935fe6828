"""What an option takes → the values that begin with what is typed: builds, engines, commits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import enginetable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PATIENCE = 2  # seconds that a shell waits for git


def values(kind: str | Sequence[str], word: str) -> Iterator[str]:
    """Those of a `kind` ("builds", "engines", "commits", or words themselves) that begin with `word`."""
    if not isinstance(kind, str):
        found: Sequence[str] = kind
    elif kind == "builds":
        found = list(_of_builds(known_builds(), word))
    elif kind == "commits":
        found = _commits()
    else:
        found = enginetable.choices()
    yield from (each for each in found if each.startswith(word))


def _of_builds(builds: Mapping[str, str], word: str) -> Iterator[str]:
    """Layers, and once the name of one is there, its builds."""
    yield from dict.fromkeys(builds.values())
    yield from (build for build, layer in builds.items() if word.startswith(layer))


def known_builds() -> Mapping[str, str]:
    """The layers of all builds by identifier, as the last run found them, or layers.toml has them.

    None where that cannot be read: whoever builds is told.
    """
    from pylayer.commands import runs
    from pylayer.errors import PylayerError
    from pylayer.state import opening, snapshot

    try:
        path = runs.nearest(Path.cwd())
        before = snapshot.load(opening.glance(path, note=lambda _: None))
        if before and snapshot.is_as_it_was(before, path):
            return before.all_builds
        from pylayer.operations import loading

        return {build.build: build.layer for build in loading.load(path).builds}
    except PylayerError:
        return {}


def _commits() -> list[str]:
    """The branches and tags of the repository here."""
    from pylayer import process
    from pylayer.errors import ToolError

    try:
        done = process.run(["git", "for-each-ref", "--format=%(refname:short)"], timeout=_PATIENCE)
    except ToolError:
        return []
    return ["HEAD", *done.stdout.splitlines()] if not done.status else []
