"""Files ↔ the shared store's part for them, by their sha256: how they get from one machine to another."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pylayer.remote.bucket import Bucket, BucketError
from pylayer.store import hash_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PATIENCE = 20.0  # seconds: what a worker lost by waiting is less than what it would lose by giving up
_AT_ONCE = 256


class AwayError(Exception):
    """Why something was not done elsewhere, though nothing is wrong with it; completes "the workers …".

    `once`: it says nothing of what else there is to do.
    """

    def __init__(self, what: str, *, once: bool = False) -> None:
        super().__init__(what)
        self.once = once


class Depot:
    """Files that anybody who reads the bucket may have.

    `folder` is the part of it that they are in, empty or ending in a slash. Its errors are
    AwayErrors. `close` ends its requests.
    """

    def __init__(self, address: str, *, folder: str = "") -> None:
        try:
            self._bucket = Bucket(address, patience=_PATIENCE)
        except BucketError as error:
            raise _away(error) from error
        self._folder = folder
        self._there: set[str] = set()
        self._lock = threading.Lock()

    def put(self, files: Mapping[str, Path]) -> None:
        """Have files there, by their sha256s; those that are there already stay."""
        with self._lock:
            new = {sha256: path for sha256, path in files.items() if sha256 not in self._there}
        if not new:
            return
        try:
            there = self._bucket.present([self._path(sha256) for sha256 in new])
            lacking = [
                (self._path(sha256), path) for sha256, path in new.items() if self._path(sha256) not in there
            ]
            for first in range(0, len(lacking), _AT_ONCE):
                self._bucket.create_all(lacking[first : first + _AT_ONCE])
        except BucketError as error:
            raise _away(error) from error
        with self._lock:
            self._there |= new.keys()

    def get(self, wanted: Mapping[str, Path]) -> None:
        """Write files that are there to these paths; each is what its sha256 says."""
        if not wanted:
            return
        by_path = {self._path(sha256): (sha256, path) for sha256, path in wanted.items()}
        try:
            came, wrong = self._bucket.fetch_all({path: into for path, (_, into) in by_path.items()})
        except BucketError as error:
            raise _away(error) from error
        if wrong:
            raise _away(wrong) from wrong
        if lacking := by_path.keys() - set(came):
            raise AwayError(f"need a file that the shared store does not have: {min(lacking)}")
        for path, (sha256, into) in by_path.items():
            if hash_file(into) != sha256:
                raise AwayError(f"need a file that is damaged in the shared store: {path}")

    def close(self) -> None:
        """Ask nothing more."""
        self._bucket.close()

    def _path(self, sha256: str) -> str:
        return f"{self._folder}blobs/{sha256[:2]}/{sha256}"


def _away(error: BucketError) -> AwayError:
    return AwayError(f"cannot pass files on: the shared store {error}")
