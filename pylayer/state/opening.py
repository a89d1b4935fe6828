"""A manifest → the store, with what it keeps of the runs over that manifest: the one way to open it."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pylayer.store import Store, default_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pylayer.config.manifest import Manifest
    from pylayer.monorepo.trees import FileHashes


class WorkspaceState:
    """The store, and the `key` under which it keeps what runs over the manifest at a path saw and did."""

    def __init__(self, manifest: Path, *, store: Store) -> None:
        self.store = store
        self.key = hashlib.sha256(os.fsencode(manifest.absolute())).hexdigest()
        self._hashes: FileHashes | None = None

    @property
    def hashes(self) -> FileHashes:
        """What is known of the workspace's files by their status, read when it is first wanted."""
        if self._hashes is None:
            from pylayer.monorepo.trees import FileHashes

            self._hashes = FileHashes.load(self.store, self.key)
        return self._hashes

    def keep(self) -> None:
        """Keep what was learnt of files."""
        if self._hashes is not None:
            self._hashes.save()


def store(*, note: Callable[[str], None]) -> Store:
    """The store by itself, for what is not about a manifest; `note` as below."""
    return Store(default_root(), note=note)


def glance(manifest: Path, *, note: Callable[[str], None]) -> WorkspaceState:
    """Look at what is kept without holding the store: for a run that may find nothing to do."""
    return WorkspaceState(manifest, store=store(note=note))


@contextmanager
def opened(
    manifest: Manifest, *, note: Callable[[str], None], state: WorkspaceState | None = None
) -> Iterator[WorkspaceState]:
    """Hold the store open within the block, that of `state` if there is one already.

    `note` gets a line for what is damaged in it. What was learnt of files is kept where the block ends well.
    Raises StoreError where it cannot be written.
    """
    state = state or glance(manifest.path, note=note)
    state.store.open()
    try:
        yield state
        state.keep()
    finally:
        state.store.close()
