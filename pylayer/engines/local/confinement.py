"""What a job may touch → a thread whose programs touch no more: by Linux's Landlock and seccomp.

Landlock (https://docs.kernel.org/userspace-api/landlock.html) needs no privilege, holds for root too, and for
everything that a program starts, however long that lives. A thread that restricts itself starts the program,
so what is confined is confined before its first instruction, a `.pth` file of its Python included, and
nothing else has to be started for it.
"""

from __future__ import annotations

import os
import stat
import struct
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.engines.local import kernelcalls, sockets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers for all architectures
_VERSION = 1
_PATH_BENEATH = 1
_LEAST = 2  # before, a file could not be renamed into another folder at all
_WITHOUT_TCP = 4  # before, it knew nothing of networks
_CAPBSET_DROP = 24  # of prctl

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = (1 << bit for bit in range(4))
_MAKE_CHAR, _MAKE_BLOCK, _TRUNCATE, _IOCTL_DEV = 1 << 6, 1 << 11, 1 << 14, 1 << 15
_RIGHTS = {2: 14, 3: 15, 4: 15}  # how many of the rights for files each version knows
_ALL_RIGHTS = 16
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP = 0b11  # to bind, and to connect
_SIGNALS_AND_ABSTRACT_SOCKETS = 0b11

# CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID and SETUID: what root needs for files and users it makes.
_KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7})
_CAPABILITIES = 64

# Where systems keep programs and libraries; what is installed elsewhere is found by PATH.
SYSTEM = (
    *(
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/usr",
        "/etc",
        "/opt",
        "/nix",
        "/gnu",
        "/snap",
    ),
    *("/proc", "/sys", "/run/systemd/resolve", "/run/current-system", "/var/lib/ca-certificates"),
)
_DEVICES = (
    *("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"),
    *("/dev/tty", "/dev/ptmx", "/dev/pts"),
)
_SHARED_MEMORY = "/dev/shm"  # noqa: S108  where semaphores are: Python's multiprocessing has no other place
# What belongs to programs in the folder `bin` beside it.
_BESIDE = ("include", "lib", "lib64", "libexec", "pyvenv.cfg", "share", "versions")
_OF_THE_USER = ".local"  # in its `share` are keyrings and what else programs keep of a user


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What a job may do: write in `writable`, read there, in `readable` and in the system's own folders."""

    writable: tuple[Path, ...]
    readable: tuple[Path, ...]
    network: bool

    @classmethod
    def to_folder(cls, folder: Path, *, python: str, path: str, readable: Sequence[Path] = ()) -> Confinement:
        """What a program of a Python may do in a folder of its own, offline.

        It reads `readable` too, and what is installed: that Python, and programs on `path` (as in PATH).
        """
        own = (*of_path(path), *of_python(python), *readable)
        return cls(writable=(folder,), readable=own, network=False)

    def enter(self) -> None:
        """Hold this thread, and all that it starts, to it; nothing can undo that. Raises OSError."""
        if supported():
            self._keep_files()
        if sockets.supported() and not self.network:
            sockets.keep([sockets.UNIX])

    def _keep_files(self) -> None:
        version = supported()
        rights = (1 << _RIGHTS.get(version, _ALL_RIGHTS)) - 1
        attributes = struct.pack("=QQQ", rights, 0 if self.network else _TCP, _SIGNALS_AND_ABSTRACT_SOCKETS)
        size = 24 if version >= 6 else 16 if version >= _WITHOUT_TCP else 8
        rules = kernelcalls.syscall(_CREATE_RULESET, attributes, size, 0)
        try:
            for path, wanted in self._rules():
                _allow(rules, path, wanted & rights)
            kernelcalls.gain_nothing()
            if os.geteuid() == 0:
                for capability in set(range(_CAPABILITIES)) - _KEPT_CAPABILITIES:
                    with suppress(OSError):  # the kernel knows fewer
                        kernelcalls.prctl(_CAPBSET_DROP, capability)
            kernelcalls.syscall(_RESTRICT_SELF, rules, 0)
        finally:
            os.close(rules)

    def _rules(self) -> Iterator[tuple[str | Path, int]]:
        everything = (1 << _ALL_RIGHTS) - 1
        write = everything & ~(_MAKE_CHAR | _MAKE_BLOCK)
        yield from ((path, write) for path in self.writable)
        yield from ((path, write) for path in _DEVICES)
        # Where this run has its own files there, a build would have all of them: it goes without semaphores.
        if not any(path.is_relative_to(_SHARED_MEMORY) for path in (*self.writable, *self.readable)):
            yield _SHARED_MEMORY, write
        yield from ((path, _READ) for path in SYSTEM)
        yield from ((path, _READ) for path in self.readable)


@cache
def supported() -> int:
    """The version of Landlock that this kernel has, 0 where none would do."""
    if sys.platform != "linux":
        return 0
    try:
        version = kernelcalls.syscall(_CREATE_RULESET, None, 0, _VERSION)
    except OSError:
        return 0
    return version if version >= _LEAST else 0


def described(more: str = "") -> str:
    """What holds builds on this host, in words, and what does not; and `more`, where they are held."""
    offline = sockets.supported()
    if not supported():
        network = "; they have no network (seccomp)" if offline else ""
        held = "and nothing holds them to their folders: this system has no Landlock"
        return f"{held}{more}{network} (docs/isolation.md)"
    if offline:
        return f"held to their own folders, without network (Landlock, seccomp){more}"
    if supported() < _WITHOUT_TCP:
        return "held to their own folders, but with the network: this kernel's Landlock is too old" + more
    return f"held to their own folders, without TCP (Landlock){more}"


def of_path(path: str) -> tuple[Path, ...]:
    """The folders that programs on `path` (as in PATH) need, besides the system's."""
    folders = (Path(each) for each in path.split(os.pathsep) if each.startswith("/"))
    return tuple(dict.fromkeys(each for folder in folders for each in _installation(folder)))


def of_python(executable: str) -> tuple[Path, ...]:
    """The same for a Python, wherever links lead from there."""
    folders, program = [Path(executable).parent], Path(executable)
    with suppress(OSError):
        while program.is_symlink():
            program = program.parent / program.readlink()
            folders.append(program.parent)
    folders.append(program.resolve().parent)
    return tuple(dict.fromkeys(each for folder in folders for each in _installation(folder)))


def named(env: Mapping[str, str]) -> tuple[Path, ...]:
    """The absolute paths among the values of variables, but for the system's, which can be read anyway."""
    values = [part for value in env.values() for part in value.split(os.pathsep)]
    paths = [Path(value) for value in values if value.startswith("/") and value.strip("/")]
    return tuple(path for path in paths if not _is_of_the_system(path))


def _installation(folder: Path) -> Iterator[Path]:
    """A folder of programs, what lies beside it, and where links in it lead to."""
    if _is_of_the_system(folder):
        return
    yield folder
    above = folder.parent
    yield from (above / name for name in _BESIDE if not (name == "share" and above.name == _OF_THE_USER))
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.is_symlink():
                program = Path(entry).resolve()
                if program.parent != folder and not _is_of_the_system(program):
                    yield program.parent.parent if program.parent.name == "bin" else program


def _is_of_the_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in SYSTEM)


def _allow(rules: int, path: str | Path, rights: int) -> None:
    """Add a rule for what is at `path`; where nothing is, there is nothing to allow."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _OF_FILES
        if rights:
            kernelcalls.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, handle), 0)
    finally:
        os.close(handle)
