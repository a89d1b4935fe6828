"""Processes of this machine, by what they were started with: their numbers may be of other namespaces."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def started_with(text: str) -> list[str]:
    """Say which processes have `text` in their environment and run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if text.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
