"""Kinds of sockets → a thread whose programs can make no others: by Linux's seccomp.

It needs no privilege, is there in containers too, and holds for everything that a program starts
(https://docs.kernel.org/userspace-api/seccomp_filter.html). io_uring, which makes sockets by no system call
of their own, is refused with them.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from functools import cache
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.engines.local import kernelcalls

if TYPE_CHECKING:
    from collections.abc import Collection

# Kinds by their numbers, which are the kernel's for all architectures.
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16

_SET_SECCOMP, _FILTER = 22, 2  # of prctl
_LOAD, _AND, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06  # instructions of a filter
_NUMBER, _MACHINE, _FIRST = 0, 4, 16  # where a system call's own, its machine's and its first argument are
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_IO_URING_SETUP = 425  # for all architectures


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """A machine's number, that of `socket` there, and those of what makes sockets for its 32-bit programs.

    `mask` leaves of a number what is not the mark of another way to call.
    """

    machine: int
    socket: int
    of_32_bits: tuple[int, ...]
    mask: int = 0xFFFFFFFF


_CALLS = {
    "x86_64": Calls(machine=0xC000003E, socket=41, of_32_bits=(102, 359), mask=0xBFFFFFFF),
    "aarch64": Calls(machine=0xC00000B7, socket=198, of_32_bits=(281,)),
}


def keep(kinds: Collection[int]) -> None:
    """Let this thread, and all that it starts, make sockets of these kinds alone. Raises OSError."""
    program = _program(_CALLS[platform.machine()], kinds)
    held = ctypes.create_string_buffer(program, len(program))
    kernelcalls.gain_nothing()
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    kernelcalls.prctl(_SET_SECCOMP, _FILTER, header)


@cache
def supported() -> bool:
    """Whether this kernel can do that, and this module knows its machine."""
    if sys.platform != "linux" or platform.machine() not in _CALLS:
        return False
    try:
        kernelcalls.prctl(_SET_SECCOMP, _FILTER)  # with nothing to read
    except OSError as error:
        return error.errno == errno.EFAULT
    return False


def _program(calls: Calls, kinds: Collection[int]) -> bytes:
    """The filter, of 8 bytes for each instruction; a jump is over so many of them."""
    refused, no_ring = _REFUSE | errno.EACCES, _REFUSE | errno.EPERM
    others = [*calls.of_32_bits, _IO_URING_SETUP]
    words = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, len(others) + 3, 0, calls.machine), (_LOAD, 0, 0, _NUMBER)]
    words += [(_EQUAL, len(others) - at, 0, number) for at, number in enumerate(others)]
    words += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, refused)]
    words += [(_LOAD, 0, 0, _NUMBER), (_AND, 0, 0, calls.mask)]
    words += [(_EQUAL, 0, 1, _IO_URING_SETUP), (_RETURN, 0, 0, no_ring)]
    words += [(_EQUAL, 1, 0, calls.socket), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, _FIRST)]
    words += [(_EQUAL, len(kinds) - at, 0, kind) for at, kind in enumerate(kinds)]
    words += [(_RETURN, 0, 0, refused), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", code, yes, no, value) for code, yes, no, value in words)
