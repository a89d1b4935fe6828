"""A command's action → its exit status: what goes wrong is told, and an interrupt ends it at once."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from pylayer.console import Console
from pylayer.errors import INTERRUPTED, PylayerError

if TYPE_CHECKING:
    from collections.abc import Callable


def ended(action: Callable[[Console], int]) -> int:
    """Do `action`, which tells what it does by the Lines it is given; its status, or that of its error."""
    lines = Console()
    try:
        return action(lines)
    except PylayerError as error:
        lines.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        lines.note("interrupted")
        _leave(INTERRUPTED)


def _leave(code: int) -> NoReturn:
    """End the process at once: threads that wait for a network are not waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
