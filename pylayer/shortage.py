"""An exception that nobody expected → whether the machine has no room for it, and how that is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import disk
from pylayer.errors import ToolError

if TYPE_CHECKING:
    from pylayer.errors import PylayerError

_NO_THREAD = "can't start new thread"  # Python has no class of its own for that
_HINT = "give it more (ulimit -v, a container's limit), or let it do less at once: --jobs 1"


def told(error: BaseException) -> PylayerError | None:
    """What stands for `error` where a disk is full, or memory is; else None."""
    if isinstance(error, OSError):
        return disk.full(error)
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and _NO_THREAD in str(error)):
        return ToolError("this machine has no memory left for this run", hint=_HINT)
    return None
