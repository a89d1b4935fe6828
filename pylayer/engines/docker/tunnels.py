"""An address of ssh → a socket on this machine, behind which is the engine of that host.

It is ssh itself that is asked, so its configuration counts, its agent, the hosts that it knows and the jumps
to them. One login serves all connections: a host refuses many that come at once, and each takes longer than
most requests do.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from pylayer import folders
from pylayer.errors import EngineError, ToolError
from pylayer.process import Companion

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WORD = "pylayer"  # before what the script says: a host may greet whoever logs in
_USUAL = "/var/run/docker.sock"
# Says where an engine's socket is that this user may use, and ends with its input, as this process does.
_SCRIPT = f"""sh -c '
id=$(id -u); found=
for each in {_USUAL} /run/user/$id/docker.sock /run/podman/podman.sock /run/user/$id/podman/podman.sock; do
  if test -z "$found" && test -S $each && test -w $each; then found=$each; fi
done
echo {_WORD} $found; exec cat'"""
_OPTIONS = (
    "BatchMode=yes",  # a question would stand in the middle of a board, where nobody answers
    "ControlPath=none",  # one that others share would keep the forwarding when this one ends
    "RemoteCommand=none",
    "ExitOnForwardFailure=no",  # forwardings of the user's own, which another ssh may have
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
)


class Tunnel:
    """The way to a host's engine, open until `close`; `socket` is this end of it."""

    def __init__(self, address: str, *, seconds: float) -> None:
        """Log in; raises EngineError saying why that cannot be done within some `seconds`."""
        self._stack = ExitStack()
        try:
            folder = self._stack.enter_context(folders.private())
            path = urlsplit(address).path.rstrip("/")
            self.socket = folder / "a"
            found = self._open(self.socket, address, path or _USUAL, seconds=seconds)
            if not path and found != _USUAL:
                self.socket = folder / "b"
                self._open(self.socket, address, _named(found, address), seconds=seconds)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def complaint(self) -> str:
        """What ssh complained of last."""
        said = [each.strip() for each in self._ssh.complaints() if each.strip()]
        return said[-1] if said else ""

    def close(self) -> None:
        """Log out. Can be called twice."""
        self._stack.close()

    def _open(self, here: Path, address: str, there: str, *, seconds: float) -> str:
        """Log in with `here` leading to the socket `there`; say where the host has a socket itself."""
        words = command(address, here=here, there=there, seconds=seconds)
        try:
            ssh = self._ssh = Companion(words, log=here.with_suffix(".log"))
        except ToolError as error:
            raise EngineError.of(error.faults) from error
        self._stack.callback(ssh.end)
        while (line := ssh.line(seconds=seconds)) is not None:
            word, _, found = line.partition(" ")
            if word == _WORD:
                return found.strip()
        raise EngineError(
            f"ssh cannot log in: {self.complaint() or f'no answer within {seconds:g} s'}",
            where=address,
            hint=f"see that `ssh {login(address)}` asks for nothing: keys are taken from its agent",
        )


def command(address: str, *, here: Path, there: str, seconds: float) -> Sequence[str]:
    """The words for ssh to have `here` lead to the socket `there`."""
    parts = urlsplit(address)
    options = [*_OPTIONS, f"ConnectTimeout={seconds:.0f}"]
    return [
        "ssh",
        "-T",
        *(word for option in options for word in ("-o", option)),
        *(("-p", str(parts.port)) if parts.port else ()),
        *(("-l", parts.username) if parts.username else ()),
        *("-L", f"{here}:{there}"),
        "--",
        _host(address),
        _SCRIPT,
    ]


def login(address: str) -> str:
    """What a person gives to ssh for an address."""
    parts = urlsplit(address)
    port = f"-p {parts.port} " if parts.port else ""
    return f"{port}{f'{parts.username}@' if parts.username else ''}{_host(address)}"


def _named(found: str, address: str) -> str:
    """The socket that was found on a host; raises EngineError where none was."""
    if found:
        return found
    raise EngineError(
        f"{login(address)} has no engine that this user may use",
        where=address,
        hint=f"name its socket: {address.rstrip('/')}/path/of/docker.sock",
    )


def _host(address: str) -> str:
    """The host as it is written: ssh's configuration may tell case apart."""
    host = urlsplit(address).netloc.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
