"""A command → its exit status: the one way to run it, from `pylayer`, invoke or nox.

What goes wrong is told, and an interrupt ends it at once.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

from pylayer import shortage
from pylayer.console import Console
from pylayer.descriptors import raise_limit
from pylayer.errors import PylayerError, UnexpectedError
from pylayer.interrupts import as_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable

    from pylayer.commands.command import Command


def run_command(asked: Callable[[], Command]) -> int:
    """Run the command that `asked` gives; its status, or that of the PylayerError that either raises."""
    raise_limit()
    lines = Console()
    with as_interrupts() as interrupt:
        try:
            return asked().run(lines)
        except PylayerError as error:
            lines.error(error)
            lines.answer(error.exit_code)
            return error.exit_code
        except Exception as bug:  # noqa: BLE001  told by the console, which shows no credentials
            told = shortage.told(bug) or UnexpectedError.of_bug(bug)
            lines.error(told)
            lines.answer(told.exit_code)
            return told.exit_code
        except KeyboardInterrupt:
            lines.note("interrupted")
            _leave(interrupt.status)


def _leave(code: int) -> NoReturn:
    """End the process at once: threads that wait for a network are not waited for, nor for their folders."""
    from pylayer import folders

    folders.remove_open()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
