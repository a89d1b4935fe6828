"""Linux's system calls that Python has no function for → their results, or OSError."""

from __future__ import annotations

import ctypes
import os
from functools import cache

_NO_NEW_PRIVS = 38


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call by its number."""
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(_libc().syscall(ctypes.c_long(number), *words))


def prctl(option: int, value: int, more: bytes | None = None) -> int:
    """Change what this thread may do, as the manual page of prctl has it."""
    zeros = [ctypes.c_ulong(0)] * 2
    pointer = ctypes.c_ulong(0) if more is None else ctypes.c_char_p(more)
    return _checked(_libc().prctl(option, ctypes.c_ulong(value), pointer, *zeros))


def gain_nothing() -> None:
    """Let no program that this thread starts have rights that it has not, as by set-user-ID."""
    prctl(_NO_NEW_PRIVS, 1)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
