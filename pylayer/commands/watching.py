"""A workspace → a run over it whenever the status of something changes that it is made of.

The system says that something may have changed, and the status of each file whether it did: so what a run
itself writes, and what editors leave beside sources, starts none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.config.manifest import LOCK_NAME
from pylayer.console import Console
from pylayer.errors import PylayerError, ToolError
from pylayer.monorepo import workspace
from pylayer.monorepo.trees import leaving
from pylayer.state import snapshot, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Statuses = Mapping[str, tuple[int, ...] | None]

_SETTLES = 200  # ms without a change, after which a save is whole
_LONGEST = 2000  # ms that changes may come in
_LOOKS = 10_000  # ms: a file system that tells nothing is looked at now and then
_TOLD = 3


def follow(manifest: Path, build: Callable[[Console], None], *, lines: Console) -> None:
    """Run `build` now and after each change, until a KeyboardInterrupt; its errors are told by its Console.

    Raises ToolError where the library is not installed, and what `build` raises where there is no manifest.
    """
    try:
        import watchfiles  # noqa: F401  an extra
    except ImportError as error:
        raise ToolError(
            "needs watchfiles", where="watch", hint='pip install "pylayer-lambda[watch]"'
        ) from error
    if not manifest.is_file():
        build(lines)  # says so
        return
    paths = _paths(manifest, ())
    while True:
        before = _statuses(paths)
        console = Console()
        try:
            build(console)
        except PylayerError as error:
            console.error(error)
        paths = _paths(manifest, paths)
        seen = {**_statuses(paths), **before, **_statuses(_own(manifest))}
        lines.note(f"watching {len(paths)} files and folders; Ctrl-C ends it")
        changed = _changed(seen) or _next(seen)
        more = f" and {len(changed) - _TOLD} more" if len(changed) > _TOLD else ""
        lines.note(f"changed: {', '.join(_named(path, manifest) for path in changed[:_TOLD])}{more}")


def _next(seen: Statuses) -> list[str]:
    """Wait for what changes."""
    from watchfiles import watch as changes

    places = [path if path.is_dir() else path.parent for path in map(Path, seen)]
    folders = {path for path in places if path.is_dir()}
    stream = changes(
        *sorted(folders),
        watch_filter=None,
        recursive=False,
        debounce=_LONGEST,
        step=_SETTLES,
        rust_timeout=_LOOKS,
        yield_on_timeout=True,
        raise_interrupt=True,
        ignore_permission_denied=True,
    )
    for _ in stream:
        if changed := _changed(seen):
            stream.close()
            return changed
    raise KeyboardInterrupt  # the stream ends for nothing else


def _paths(manifest: Path, before: Iterable[Path]) -> tuple[Path, ...]:
    """All that a run looks at; where layers.toml cannot be read, what it was before."""
    try:
        found = workspace.load(manifest)
    except PylayerError:
        return tuple(before) or (manifest,)
    return tuple(path for path in watch.paths(found) if not leaving(path.name))


def _own(manifest: Path) -> tuple[Path, ...]:
    """What a run writes among what it looks at: its lock, and folders that hold it or its output."""
    return (manifest.parent / LOCK_NAME, manifest.parent)


def _statuses(paths: Iterable[Path]) -> Statuses:
    return {str(path): snapshot.status_of(path) for path in paths}


def _changed(seen: Statuses) -> list[str]:
    """What has another status than it had; the files, if there are any, and not their folders."""
    changed = [name for name, status in seen.items() if snapshot.status_of(Path(name)) != status]
    return [name for name in changed if not Path(name).is_dir()] or changed


def _named(path: str, manifest: Path) -> str:
    return os.path.relpath(path, manifest.parent)
