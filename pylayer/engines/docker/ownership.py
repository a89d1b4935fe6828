"""A process → the labels of its containers; the labels of a container → whether its process lives."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer import __version__
from pylayer.liveness import marks_living, started

if TYPE_CHECKING:
    from collections.abc import Mapping


def labels() -> dict[str, str]:
    """Give the labels that say which process a container belongs to.

    A process's number means something only within its machine, its PID namespace and its start time.
    """
    namespace = ""
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    pid = os.getpid()
    return {
        "pylayer": __version__,
        "pylayer.host": f"{platform.node()}/{namespace}",
        "pylayer.pid": str(pid),
        "pylayer.started": started(pid),
    }


def owner_lives(labels: Mapping[str, str]) -> bool:
    """Say whether the process that a container's labels name is still there."""
    return marks_living(labels.get("pylayer.pid", "0"), labels.get("pylayer.started"))
