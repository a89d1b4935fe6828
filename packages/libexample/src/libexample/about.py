"""The running library → a few facts for a health check or the first line of a log."""

from __future__ import annotations

import platform
from importlib import metadata


def information() -> dict[str, str]:
    """Name and version as installed, Python's version, and the machine in the words of `uname -m`."""
    return {
        "name": "libexample",
        "version": metadata.version("libexample"),
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
