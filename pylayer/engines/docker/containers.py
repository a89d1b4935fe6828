"""An image → a running container that ends with this process, however this process ends.

A container's shell waits for an input that this process holds open, with automatic removal: when the
connection breaks, it comes to its end, and with it the container. Labels say whose a container is, for the
few that are left over even so (one created but never started, a connection that nobody saw break).
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from docker.errors import APIError, NotFound
from docker.utils import version_lt

from pylayer.engines.docker import bounds, early, ownership
from pylayer.engines.docker.connection import DOCKER_ERRORS
from pylayer.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pylayer.engines.docker.bounds import Bounds
    from pylayer.engines.docker.connection import Connection
    from pylayer.engines.docker.early import EarlyContainer, StartedContainer, WaitingProgram
    from pylayer.engines.docker.patience import EngineClient
    from pylayer.engines.docker.streams import Stream

_GONE_WITHIN = 15  # seconds for the engine to remove a container


class Container:
    """A running container, in which programs can be started by several threads at once."""

    def __init__(self, client: EngineClient, identifier: str, stream: Stream) -> None:
        self.id = identifier
        self._client = client
        self._stream = stream
        self._running: set[Stream] = set()

    def put(self, archive: Iterable[bytes]) -> None:
        """Unpack a tar, given in chunks, at the root."""
        self._client.put_archive(self.id, "/", archive)

    def start(
        self, command: Sequence[str], *, user: str = "0:0", env: Mapping[str, str] | None = None
    ) -> Exec:
        """Start a program as `user` (uid:gid); its input is its stream's."""
        created = self._client.exec_create(
            self.id, list(command), stdin=True, user=user, environment=dict(env or {}), workdir="/"
        )
        return self.listening(created["Id"], self._client.exec_start(created["Id"], socket=True))

    def listening(self, identifier: str, connection: object) -> Exec:
        """Give a program that runs, by its number and a connection to it."""
        stream = self._client.streamed(connection)
        self._running.add(stream)
        return Exec(self, identifier, stream)

    def status(self, identifier: str) -> int:
        """Give the exit status of a program that has ended."""
        status = self._client.exec_inspect(identifier)["ExitCode"]
        return -1 if status is None else int(status)

    def forget(self, stream: Stream) -> None:
        """Close the stream of a program."""
        stream.close()
        self._running.discard(stream)

    def ends(self, *, within: float) -> bool:
        """Say whether its own program has ended, or does so within some seconds."""
        deadline = time.monotonic() + within
        try:
            while self._client.inspect_container(self.id)["State"]["Running"]:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.02)
        except NotFound:
            pass
        return True

    def last_words(self) -> str:
        """Give what its own program printed, once it has ended."""
        return b"".join(piece for _, piece in self._stream.frames()).decode(errors="replace").strip()

    def commit(self, repository: str, *, tag: str, labels: Mapping[str, str]) -> None:
        """Make an image of what it is now.

        Nothing writes in it meanwhile, so it is not paused: a rootless Podman cannot do that everywhere.
        """
        # One instruction for each: Podman 4 takes several labels of one for the first one's value.
        changes = [f"LABEL {name}={value}" for name, value in labels.items()]
        self._client.commit(self.id, repository=repository, tag=tag, pause=False, changes=changes)

    def close(self) -> None:
        """End it and all that runs in it, and wait until it is removed. Can be called twice."""
        self._stream.close()
        for stream in list(self._running):
            stream.close()
        _remove(self._client, self.id)


class Exec:
    """A program started in a container, and its stream; left as a context, it is no longer listened to."""

    def __init__(self, container: Container, identifier: str, stream: Stream) -> None:
        self._container = container
        self._id = identifier
        self.stream = stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.forget(self.stream)

    def output(self) -> tuple[int, str]:
        """Wait for its end; give its exit status and everything it printed."""
        with self:
            text = b"".join(piece for _, piece in self.stream.frames()).decode(errors="replace")
            return self.status(), text

    def status(self) -> int:
        """Give the exit status, once it has ended."""
        return self._container.status(self._id)


class Containers:
    """The containers of one engine and one process; `memory` (bytes) is for each of them."""

    def __init__(self, connection: Connection, *, memory: int | None = None) -> None:
        self._connection = connection
        self._client = connection.client
        self._address = "" if connection.tunnel else connection.endpoint.host
        self._memory = memory
        self._lock = threading.Lock()
        self._ending = threading.Lock()
        self._open: list[Container] = []
        self._closed = False
        self._begun: dict[tuple[str, str], Future[Container]] = {}
        self._beginning = ThreadPoolExecutor(thread_name_prefix="pylayer-begin")

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    @cached_property
    def bounds(self) -> Bounds:
        """What each container may use."""
        return bounds.of_engine(self._connection, self._memory)

    def start(
        self, image: str, *, platform: str, network: bool = False, env: Mapping[str, str] | None = None
    ) -> Container:
        """Start a container of `image` (an ID or a reference) for an OCI platform, or give the one begun so.

        Raises what the SDK raises; EngineError where the container ends at once, or after `close`.
        """
        waiting = None if network or env else self._begun.pop((image, platform), None)
        if waiting:
            with suppress(*DOCKER_ERRORS, EngineError):
                return waiting.result()
        return self._start(image, platform=platform, network=network, env=env)

    def _start(
        self, image: str, *, platform: str, network: bool = False, env: Mapping[str, str] | None = None
    ) -> Container:
        client = self._client
        created = client.create_container_from_config(  # type: ignore[no-untyped-call]
            {**self._config(image, network=network, env=env), "Labels": ownership.labels()},
            platform=self._asked_for(platform),
        )["Id"]
        try:
            attached = client.attach_socket(
                created, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            container = self._kept(Container(client, created, client.streamed(attached)))
            client.start(created)
        except BaseException:
            _remove(client, created)
            raise
        return container

    def _kept(self, container: Container) -> Container:
        """Have it ended by `close`; if that was already, end it and raise EngineError."""
        with self._lock:
            self._open.append(container)
            closed = self._closed
        if closed:
            container.close()
            raise EngineError("the engine was closed")
        return container

    def _config(self, image: str, *, network: bool, env: Mapping[str, str] | None) -> dict[str, Any]:
        client = self._client
        return client.create_container_config(
            image,
            entrypoint=early.UNTIL_LEFT,
            command=[],
            user="0:0",
            working_dir="/",
            stdin_open=True,
            environment=dict(env or {}),
            host_config=self.bounds.put_on(
                client.create_host_config(
                    auto_remove=True,
                    network_mode="default" if network else "none",
                    cap_drop=["ALL"],
                    security_opt=["no-new-privileges"],
                )
            ),
        )

    def _asked_for(self, platform: str) -> str | None:
        return None if version_lt(self._client.api_version, "1.41") else platform

    def begin(
        self,
        image: str,
        *,
        platform: str,
        then: Callable[[Container, WaitingProgram | None], None],
        begun: EarlyContainer | None,
    ) -> None:
        """Start one, and something in it, for the first who asks for such a one.

        It is the one that was `begun` already, if that is what would be asked for now.
        """

        def start() -> Container:
            started = self._taken(begun, image, platform=platform) if begun else None
            if started:
                container = self._kept(
                    Container(self._client, started.id, self._client.streamed(started.connection))
                )
            else:
                container = self._start(image, platform=platform)
            with suppress(*DOCKER_ERRORS, EngineError, ValueError):  # whoever asks for it starts that himself
                then(container, started.program if started else None)
            return container

        with self._lock:
            closed = self._closed
            if not closed:
                self._begun[image, platform] = self._beginning.submit(start)
        if closed and begun:
            begun.close()

    def _taken(self, begun: EarlyContainer, image: str, *, platform: str) -> StartedContainer | None:
        asked: Mapping[str, str] = {}
        with suppress(*DOCKER_ERRORS):  # an engine that cannot be asked has its own say elsewhere
            asked = self.as_asked_for(image, platform=platform)
        return begun.taken(asked)

    def as_asked_for(self, image: str, *, platform: str) -> Mapping[str, str]:
        """What `start` asks the engine for, as a later run's EarlyContainer asks for it."""
        return early.remembered(
            address=self._address,
            api=self._client.api_version,
            config=self._config(image, network=False, env=None),
            platform=self._asked_for(platform) or "",
        )

    def end(self, container: Container) -> None:
        """End one of them and wait for that, as `close` does."""
        container.close()
        with self._lock:
            if container in self._open:
                self._open.remove(container)

    def sweep(self) -> None:
        """Remove what processes of this machine that are no more have left over."""
        host = ownership.labels()["pylayer.host"]
        for found in self._client.containers(all=True, filters={"label": f"pylayer.host={host}"}):
            if not (self._closed or ownership.owner_lives(found["Labels"])):
                _remove(self._client, found["Id"], wait=False)

    def close(self) -> None:
        """End all of them, at once, and let no new one start; who calls it meanwhile waits for that."""
        with self._lock:
            self._closed = True
        self._client.hurry()
        with self._ending:
            with self._lock:
                closing, self._open = self._open, []
                begun, self._begun = list(self._begun.values()), {}
            if closing:
                with ThreadPoolExecutor(len(closing)) as pool:
                    list(pool.map(Container.close, closing))
            wait(begun)  # one that starts now sees that it is too late
            self._beginning.shutdown()


def _remove(client: EngineClient, identifier: str, *, wait: bool = True) -> None:
    """Remove a container, whatever it does; it may be going by itself already."""
    with suppress(*DOCKER_ERRORS):
        client.remove_container(identifier, v=True, force=True)
    deadline = time.monotonic() + (_GONE_WITHIN if wait else 0)
    while time.monotonic() < deadline:
        try:
            client.inspect_container(identifier)
        except NotFound:
            return
        except APIError:
            pass
        except DOCKER_ERRORS:
            return  # the engine itself is gone
        time.sleep(0.02)
