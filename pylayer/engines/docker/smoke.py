"""A SmokeTest → what happened in a container of the runtime's image: read-only, offline, Lambda's user."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from docker.utils import version_lt

from pylayer.engines.docker import ownership, tars
from pylayer.engines.docker.connection import DOCKER_ERRORS, failure
from pylayer.engines.docker.containers import Containers
from pylayer.engines.docker.images import ImageStore
from pylayer.engines.docker.streams import STDOUT
from pylayer.engines.scripts import script_text
from pylayer.engines.smoke import SCRIPTS, SmokeTestResult, answer_in, client_files, request, unpacked
from pylayer.errors import EngineError, ImageError
from pylayer.limits import MOST_TEMPORARY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylayer.engines.docker.connection import Connection
    from pylayer.engines.docker.images import Image, ImagePython
    from pylayer.engines.docker.streams import Stream
    from pylayer.engines.smoke import SmokeTest
    from pylayer.store import Store
    from pylayer.targets import Target

_USER = "993:990"  # sbx_user1051, as `id` says in a function
_TEMPORARY = f"rw,exec,nosuid,nodev,mode=1777,size={MOST_TEMPORARY}"
_OPT, _TASK, _RUNTIME = "/opt", "/var/task", "/var/runtime"
_OWN = "/pylayer"
_PATIENCE = 10  # times as long may take what is emulated
_EMULATED = "emulated: what works here works on Lambda, but the times are not Lambda's"


class DockerSmokeTester:
    """Containers of the runtimes' images behind `connection`; `store` is where images are remembered.

    What is tried comes into anonymous volumes before the start, by the Docker API: nothing can be put into a
    read-only root, and a remote engine sees no folder of this host.
    """

    def __init__(self, connection: Connection, *, store: Store) -> None:
        self._client = connection.client
        self._is_podman = connection.is_podman
        self._containers = Containers(connection)
        self._images = ImageStore(connection, containers=self._containers, store=store)
        self._lock = threading.Lock()
        self._open: dict[str, Stream] = {}
        self._closed = False

    def identity(self, target: Target) -> str:
        """Give the image's; see `pylayer.engines.smoke.SmokeTester`."""
        image = self._image(target)
        return hashlib.sha256(f"{image.content} {target}".encode()).hexdigest()

    def runs(self, target: Target) -> Target:
        """Give it: its container runs it; see `pylayer.engines.smoke.SmokeTester`."""
        return target

    def run(self, smoke_test: SmokeTest) -> SmokeTestResult:
        """Run `smoke_test`; see `pylayer.engines.smoke.SmokeTester`."""
        if self._images.is_emulated(smoke_test.target):
            smoke_test = replace(smoke_test, seconds=smoke_test.seconds * _PATIENCE)
        try:
            image = self._image(smoke_test.target)
            python = self._images.python(image, target=_of_runtime_image(smoke_test.target))
        except EngineError as error:
            if self._closed:
                raise EngineError("verification was stopped", where=smoke_test.name) from error
            raise
        output, log = bytearray(), bytearray()
        try:
            with suppress(ConnectionError):  # it ended early: what it printed says why
                for kind, piece in self._printed(smoke_test, image=image, python=python):
                    (output if kind == STDOUT else log).extend(piece)
        except DOCKER_ERRORS as error:
            if self._closed:
                raise EngineError("verification was stopped", where=smoke_test.name) from error
            self._see_emulation(smoke_test.target, image=image)
            raise failure(error, where=smoke_test.name) from error
        answer = answer_in(output.decode(errors="replace"))
        if answer is None:
            what = "verification was stopped"
            if not self._closed:
                self._see_emulation(smoke_test.target, image=image)
                what = "verification ended early: killed, or out of memory"
            raise EngineError(what, where=smoke_test.name, log=(output + log).decode(errors="replace"))
        if self._images.is_emulated(smoke_test.target):
            return SmokeTestResult(answer=answer, notes=(_EMULATED,), timed=False)
        return SmokeTestResult(answer=answer)

    def close(self) -> None:
        """Remove the containers that run; see `pylayer.engines.smoke.SmokeTester`."""
        self._client.hurry()
        with self._lock:
            self._closed = True
            running = list(self._open.items())
        for identifier, stream in running:
            stream.close()
            self._remove(identifier)
        self._containers.close()

    def _printed(
        self, smoke_test: SmokeTest, *, image: Image, python: ImagePython
    ) -> Iterator[tuple[int, bytes]]:
        client = self._client
        identifier = self._create(smoke_test, image=image, python=python)
        try:
            files = unpacked(smoke_test.archives)
            client.put_archive(identifier, _OPT, tars.of_files(files))
            client.put_archive(identifier, _OWN, tars.of_files(_own_files(smoke_test)))
            attached = client.attach_socket(
                identifier, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            stream = client.streamed(attached)
            with self._lock:
                self._open[identifier] = stream
                closed = self._closed
            if closed:  # before there was anything of it to close
                raise EngineError("verification was stopped", where=smoke_test.name)
            client.start(identifier)
            if self._is_podman:  # 4.3 has given it to the container's user; nothing tried runs in there yet
                client.put_archive(identifier, _OPT, tars.of_files(()))
            runtime_dir = f"{_OWN}/client" if smoke_test.client else _RUNTIME
            stream.send([request(smoke_test, opt=_OPT, task=_TASK, runtime_dir=runtime_dir, attached=True)])
            yield from stream.frames()
        finally:
            with self._lock:
                left = self._open.pop(identifier, None)
            if left is not None:
                left.close()
            self._remove(identifier)

    def _create(self, smoke_test: SmokeTest, *, image: Image, python: ImagePython) -> str:
        client = self._client
        platform = smoke_test.target.architecture.platform
        emulated = self._images.is_emulated(smoke_test.target) and python.qemu_cpu
        created = client.create_container(
            image.id,
            entrypoint=[python.executable, f"{_OWN}/inside/{SCRIPTS[0]}.py"],
            command=[],
            user=_USER,
            working_dir="/",
            stdin_open=True,
            environment={"QEMU_CPU": python.qemu_cpu} if emulated else {},
            volumes=[_OPT, _OWN],
            labels=ownership.labels(),
            use_config_proxy=False,
            platform=None if version_lt(client.api_version, "1.41") else platform,
            host_config=self._containers.bounds.put_on(
                client.create_host_config(
                    auto_remove=True,
                    network_mode="none",
                    cap_drop=["ALL"],
                    security_opt=["no-new-privileges"],
                    read_only=True,
                    # Podman gives a volume to the container's user where the image has no such folder.
                    tmpfs={"/tmp": _TEMPORARY, _TASK: "ro,mode=755"},  # noqa: S108  a function's
                )
            ),
        )
        return str(created["Id"])

    def _remove(self, identifier: str) -> None:
        with suppress(*DOCKER_ERRORS):  # it removes itself when it ends
            self._client.remove_container(identifier, v=True, force=True)

    def _see_emulation(self, target: Target, *, image: Image) -> None:
        """Raise ImageError where it was emulation that failed: it can go after it was found to work."""
        if self._images.is_emulated(target):
            self._images.look(image, target=_of_runtime_image(target))

    def _image(self, target: Target) -> Image:
        try:
            return self._images.find(_of_runtime_image(target))
        except ImageError as error:
            faults = [
                replace(fault, hint=fault.hint.replace("build-image", "image")) for fault in error.faults
            ]
            raise ImageError.of(faults) from error


def _of_runtime_image(target: Target) -> Target:
    """The same target, whose runtime's image stands where the one to build in is looked for."""
    return replace(target, runtime=replace(target.runtime, build_image=target.runtime.image))


def _own_files(smoke_test: SmokeTest) -> Iterator[tuple[str, bytes, bool]]:
    for script in SCRIPTS:
        yield f"inside/{script}.py", script_text(script).encode(), False
    for name, content, executable in client_files(smoke_test.client, runtime=smoke_test.target.runtime):
        yield f"client/{name}", content, executable
