"""What takes a minute to make and is not the subject → stores of tests that have it already.

That is zig, and the libraries that it makes for each target; also third-party wheels, and their bytecode. The
machine's own store lends them, where it has any: `.ci/run` has built the example there before. Whoever tests
how they are made begins with an empty store.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from pylayer.store import default_root
from pylayer.store.kinds import BYTECODE, DISTRIBUTION, ZIG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OWN = default_root()  # tests that set another one are about that one


def lend(store: Path, *, third_party: bool = False) -> Path:
    """Have zig in a store that is new, and give it; with `third_party` all wheels that the example needs."""
    names = [ZIG.name, DISTRIBUTION.name, *([BYTECODE.name] if third_party else [])]
    for name in names:
        for record in (_OWN / "records" / "portable" / name).glob("*.json"):
            content = json.loads(record.read_text())
            if name != DISTRIBUTION.name or third_party or content["metadata"]["name"] == "ziglang":
                _copy([record, *_blobs(content["sha256"])], store)
    return store


def _blobs(sha256: str) -> Iterator[Path]:
    path = _OWN / "blobs" / sha256[:2] / sha256
    if path.is_file():
        yield path


def _copy(paths: list[Path], store: Path) -> None:
    for path in paths:
        place = store / path.relative_to(_OWN)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, place)
