"""What a job may touch → a command line that shows it nothing else: by bubblewrap, where a host has that.

bubblewrap (https://github.com/containers/bubblewrap) starts a program in namespaces of its own: what the job
may not touch is not there, sockets in the file system included, and its processes end with its first one.
It needs namespaces that any user may make, or root's rights: whether it works here is tried once in a run.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.engines.local import sockets
from pylayer.engines.local.confinement import SYSTEM
from pylayer.errors import ToolError
from pylayer.process import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pylayer.engines.local.confinement import Confinement

NAME = "bwrap"
DESCRIBED = "held to their own folders, without network and without sockets of this host (bubblewrap)"
# Networks are the namespace's own; other kinds of sockets are this machine's.
KINDS = (sockets.UNIX, sockets.INET, sockets.INET6, sockets.NETLINK)

_APART = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "build")
_OWN = ("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/var/tmp")  # noqa: S108  its own
_RESOLVER = "/etc/resolv.conf"  # often a link to somewhere in /run
_SYSTEM = tuple(path for path in SYSTEM if path != "/proc")
_CAPABILITIES = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid")
_MOST_LINKS = 40  # that Linux follows
_SECONDS = 5  # for a program that does nothing


def program(path: str) -> str | None:
    """The bubblewrap on `path` (as in PATH), where it can do here what a job needs."""
    found = shutil.which(NAME, path=path)
    if found is None:
        return None
    nothing = [found, *_rights(), *_APART, "--unshare-net", *_bound(_SYSTEM), *_OWN, "--remount-ro", "/"]
    try:
        done = run([*nothing, "--", "true"], env={"PATH": os.defpath}, timeout=_SECONDS)
    except ToolError:
        return None
    return found if done.status == 0 else None


def advice(path: str) -> str:
    """What to say of it where it is not used."""
    if sys.platform != "linux":
        return ""
    if shutil.which(NAME, path=path):
        return "; bubblewrap is here, but may make no namespaces"
    return "; with bubblewrap, this host's sockets would be out of reach too"


def words(found: str, confinement: Confinement, *, folder: Path) -> list[str]:
    """What comes before the words of a program that starts in `folder`."""
    command = [found, *_rights(), *_APART]
    readable = [*_SYSTEM, *map(str, confinement.readable)]
    if confinement.network:
        readable.append(_RESOLVER)
    else:
        command.append("--unshare-net")
    command += (*_OWN, *_bound(readable))
    for path in confinement.writable:
        if path.exists():
            command += ("--bind", str(path), str(path))
    return [*command, "--remount-ro", "/", "--chdir", str(folder), "--"]


def keep_sockets() -> None:
    """Hold this thread, and all that it starts, to sockets that are the namespace's own. Raises OSError."""
    if sockets.supported():
        sockets.keep(KINDS)


def _rights() -> Iterator[str]:
    """Root's are few; who is not root needs to be it in a namespace."""
    if os.geteuid() != 0:
        yield "--unshare-user"
        return
    yield from ("--cap-drop", "ALL")
    for name in _CAPABILITIES:
        yield from ("--cap-add", f"cap_{name}")


def _bound(paths: Iterable[str]) -> Iterator[str]:
    """Words that show each of these that is there; links stay links, and lead to what is shown as well."""
    seen: set[str] = set()
    steps = sorted({step for path in paths for step in _steps(path)}, key=lambda step: step.count("/"))
    for path in steps:
        if any(each in seen for each in (path, *_above(path))):
            continue
        if Path(path).is_symlink():
            yield from ("--symlink", str(Path(path).readlink()), path)
        elif os.access(path, os.R_OK):
            seen.add(path)
            yield from ("--ro-bind", path, path)


def _steps(path: str) -> Iterator[str]:
    """A path, and where it leads if it is a link, one after the other."""
    for _ in range(_MOST_LINKS):
        yield path
        if not Path(path).is_symlink():
            return
        path = os.path.normpath(Path(path).parent / Path(path).readlink())


def _above(path: str) -> Iterator[str]:
    return map(str, Path(path).parents)
