"""What the last run's first container was made with → one like it, begun before Docker's SDK is imported.

The SDK takes about as long to import as a container takes to start. So what the SDK asked for in the last run
is asked for here, of an engine at a socket of this machine alone, and handed over to the SDK's client. Where
that fails, there is none, and one is started as any other. For the same reason `http.client` is not imported.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pylayer.dataclassing import dataclass
from pylayer.engines.docker import ownership, programs

if TYPE_CHECKING:
    from collections.abc import Mapping

UNTIL_LEFT = ["/bin/sh", "-c", "read -r _"]  # the one program that every image has to have

# What a container is confined by; a record that says anything else was not written by pylayer.
_CONFINED = {
    "AutoRemove": True,
    "CapDrop": ["ALL"],
    "NetworkMode": "none",
    "SecurityOpt": ["no-new-privileges"],
}
_BOUNDS = {"Memory", "MemorySwap", "PidsLimit"}
_SAID = {"Image", "User", "WorkingDir", "HostConfig", "Entrypoint"}
_FLAGS = {"OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"}
# Variables that decide where the engine is.
_DECISIVE = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")
_REMEMBERED = ("address", "api", "config", "query", "variables")
_PATIENCE = 10  # seconds for one request
_WAITED = 2  # seconds for what is asked for at the end
_END = b"\r\n\r\n"  # of headers
_LONGEST_HEAD = 1 << 14  # bytes of an answer's status and headers


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingProgram:
    """A program in a container that waits for jobs: its number in the engine, its user's, its connection."""

    id: str
    user: int
    connection: socket.socket


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedContainer:
    """A container that runs, the connection that it ends with, and its program for a build."""

    id: str
    connection: socket.socket
    program: WaitingProgram


class EarlyContainer:
    """A container that a thread starts, with a program that waits for a build in it."""

    def __init__(self, what: Mapping[str, str], *, config: Mapping[str, Any]) -> None:
        self._asked = {name: what[name] for name in _REMEMBERED}
        self._config = config
        self._engine = _Socket(what["address"], what["api"])
        self._program = programs.words(what["python"])
        self._ready = what.get(programs.READY[False], "")
        self._started: StartedContainer | None = None
        self._opened: list[socket.socket] = []
        self._thread = threading.Thread(target=self._start, name="pylayer-early", daemon=True)
        self._thread.start()

    def taken(self, asked: Mapping[str, str]) -> StartedContainer | None:
        """Give it to who would ask for just such a one, as `remembered` has it; else end it."""
        self._thread.join()
        if self._asked == asked and self._started is not None:
            return self._started
        self.close()
        return None

    def close(self) -> None:
        """End it, and wait until it is removed, or until its engine has said nothing for too long."""
        self._thread.join(_WAITED)
        if self._thread.is_alive():
            self._engine.hurry()
            self._thread.join()
        for connection in self._opened:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        if self._started is not None:
            self._engine.remove(self._started.id)
            self._started = None

    def _start(self) -> None:
        engine, created = self._engine, ""
        try:
            config = {**self._config, "Labels": ownership.labels()}
            created = engine.asked(f"/containers/create{self._asked['query']}", config)["Id"]
            attached = self._kept(
                engine.upgraded(f"/containers/{created}/attach?stdin=1&stdout=1&stderr=1&stream=1")
            )
            engine.asked(f"/containers/{created}/start")
            waiting = self._waiting(created, programs.waiting_user())
            if self._ready:
                waiting.connection.sendall(programs.preparation(self._ready, user=waiting.user))
            self._started = StartedContainer(id=created, connection=attached, program=waiting)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            for connection in self._opened:
                connection.close()
            if created:
                engine.remove(created)

    def _waiting(self, container: str, user: int) -> WaitingProgram:
        made = self._engine.asked(
            f"/containers/{container}/exec",
            {
                "AttachStdin": True,
                "AttachStdout": True,
                "AttachStderr": True,
                "Cmd": self._program,
                "User": f"{user}:{user}",
                "WorkingDir": "/",
            },
        )["Id"]
        started = self._engine.upgraded(f"/exec/{made}/start", {"Detach": False, "Tty": False})
        return WaitingProgram(id=made, user=user, connection=self._kept(started))

    def _kept(self, connection: socket.socket) -> socket.socket:
        self._opened.append(connection)
        return connection


def begin(what: Mapping[str, str]) -> EarlyContainer | None:
    """Begin with a container like the one that `what` was remembered of, where its engine can be asked.

    Not where a variable of this process may have it somewhere else than it was, nor for a container that is
    confined by less than all of ours are.
    """
    if not {*_REMEMBERED, "python"} <= what.keys() or what["variables"] != _variables():
        return None
    config = _confined(what["config"])
    return EarlyContainer(what, config=config) if config else None


def _confined(text: str) -> dict[str, Any]:
    """Give what a record says of a container, or nothing where that is confined by less."""
    try:
        config: dict[str, Any] = json.loads(text)
        host = config["HostConfig"]
        more = {name for name, value in config.items() if value} - _SAID - _FLAGS
        bounds = {name for name, value in host.items() if value} - _CONFINED.keys()
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    confined = {name: host.get(name) for name in _CONFINED} == _CONFINED and bounds <= _BOUNDS
    return config if confined and not more and config.get("Entrypoint") == UNTIL_LEFT else {}


def remembered(*, address: str, api: str, config: Mapping[str, Any], platform: str) -> Mapping[str, str]:
    """What to remember of a container, for `begin`; nothing where its engine is at no socket of this machine.

    `config` is what the engine at `address` was sent, `api` in which version of its API; `platform` is an OCI
    platform, or nothing for an engine that takes none.
    """
    if not address.startswith("unix://"):
        return {}
    return {
        "address": address,
        "api": api,
        "config": json.dumps({name: value for name, value in config.items() if name != "Labels"}),
        "query": f"?platform={quote(platform)}" if platform else "",
        "variables": _variables(),
    }


def _variables() -> str:
    return json.dumps({name: os.environ[name] for name in _DECISIVE if name in os.environ})


class _Socket:
    """An engine at a socket of this machine, and the few things that it is asked for."""

    def __init__(self, address: str, api: str) -> None:
        self._path = address.removeprefix("unix://")
        self._api = f"/v{api}"
        self._patience = _PATIENCE
        self._asking: socket.socket | None = None

    def asked(self, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Post `value`; give the answer, an empty one for none. Raises OSError, ValueError."""
        with self._sent("POST", path, value, "Connection: close") as connection:
            answer = b""
            while piece := connection.recv(_LONGEST_HEAD):
                answer += piece
        head, _, text = answer.partition(_END)
        if (status := _status(head)) >= 300:
            raise ConnectionError(f"{path}: {status}: {text.decode(errors='replace')}")
        return dict(json.loads(text)) if text else {}

    def upgraded(self, path: str, value: Mapping[str, Any] | None = None) -> socket.socket:
        """Post `value`; give the connection, which is a raw one from then on. Raises OSError."""
        connection = self._sent("POST", path, value, "Connection: Upgrade", "Upgrade: tcp")
        try:
            status = _status(_head(connection))
        except BaseException:
            connection.close()
            raise
        if status not in {101, 200}:
            connection.close()
            raise ConnectionError(f"{path}: {status}")
        return connection

    def remove(self, container: str) -> None:
        """Remove a container, whatever it does, if the engine can."""
        path = f"/containers/{container}?force=1&v=1"
        with (
            suppress(OSError, ValueError),
            self._sent("DELETE", path, None, "Connection: close") as connection,
        ):
            _head(connection)

    def hurry(self) -> None:
        """Have what is asked for now fail at once, and what is asked for from now on soon."""
        self._patience = _WAITED
        if self._asking is not None:
            with suppress(OSError):
                self._asking.shutdown(socket.SHUT_RDWR)

    def _sent(self, method: str, path: str, value: Mapping[str, Any] | None, *headers: str) -> socket.socket:
        """Ask for something on a connection of its own."""
        body = b"" if value is None else json.dumps(value).encode()
        head = [
            # Of HTTP/1.1 an upgrade alone is needed; what is asked by 1.0 is answered in one piece.
            f"{method} {self._api}{path} HTTP/{'1.1' if 'Upgrade: tcp' in headers else '1.0'}",
            "Host: localhost",
            *headers,
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        connection = self._connected()
        try:
            connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(self._patience)
            connection.connect(self._path)
        except BaseException:
            connection.close()
            raise
        self._asking = connection
        return connection


def _head(connection: socket.socket) -> bytes:
    """Read an answer up to the end of its headers, and no further: what follows may be a program's."""
    head = b""
    while not head.endswith(_END):
        seen = connection.recv(_LONGEST_HEAD, socket.MSG_PEEK)
        if not seen or len(head) >= _LONGEST_HEAD:
            raise ConnectionError("no answer")
        # The end may have come in two pieces.
        before = head[1 - len(_END) :]
        end = (before + seen).find(_END)
        head += connection.recv(len(seen) if end < 0 else end + len(_END) - len(before))
    return head


def _status(head: bytes) -> int:
    """Give the status of an answer; raises ValueError or IndexError for what is none."""
    return int(head.split(b" ", 2)[1])
