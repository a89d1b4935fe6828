"""Targets → the Pythons of their images, and build environments in containers of Docker (or Podman)."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from pylayer import folders
from pylayer.engines import Interpreter
from pylayer.engines.docker import baking, bounds
from pylayer.engines.docker.baking import Base
from pylayer.engines.docker.buildenvs import DockerBuildEnv, EnvResources
from pylayer.engines.docker.connection import DOCKER_ERRORS, connect, failure
from pylayer.engines.docker.containers import Containers
from pylayer.engines.docker.early import EarlyContainer
from pylayer.engines.docker.images import ImageStore
from pylayer.engines.docker.smoke import DockerSmokeTester
from pylayer.engines.once import Once
from pylayer.errors import EngineError
from pylayer.targets import Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.engines import Begun, ImageChoice, KeptEnvironment
    from pylayer.engines.docker.connection import Connection
    from pylayer.engines.docker.images import Image
    from pylayer.store import Store
    from pylayer.targets import Architecture
    from pylayer.wheels import Wheel


class DockerEngine:
    """The engine behind `connection`; what it finds out about images is kept in `store`.

    `environ` holds this process's variables: a build with a network gets its proxies and certificates.
    """

    def __init__(self, connection: Connection, *, store: Store, environ: Mapping[str, str]) -> None:
        self._connection = connection
        self._store = store
        self._containers = Containers(connection, memory=bounds.wanted(environ))
        self._images = ImageStore(connection, containers=self._containers, store=store)
        self._resources = EnvResources(containers=self._containers, images=self._images, environ=environ)
        self._bases: Once[str, Base] = Once()
        self._build_envs: Once[tuple[object, ...], DockerBuildEnv] = Once()
        self._made: list[DockerBuildEnv] = []
        self._sweeper: threading.Thread | None = None
        self._lock = threading.Lock()

    @classmethod
    def connect(cls, *, store: Store, environ: Mapping[str, str], host: str = "") -> Self:
        """Connect to what answers; see `pylayer.engines.ListedEngine`."""
        connection = connect(environ, home=folders.home(), host=host)
        return cls(connection, store=store, environ=environ)

    @property
    def architecture(self) -> Architecture | None:
        """The engine's own."""
        return self._connection.architecture

    @property
    def about(self) -> str:
        """Its version, where it is and what it runs, in words."""
        found = self._connection
        text = (
            f"{found.version} at {found.endpoint}, runs {found.architecture or 'no architecture of Lambda'}"
        )
        with suppress(*DOCKER_ERRORS):
            if lacking := self._containers.bounds.lacking:
                text += f", cannot bound the {lacking} of containers"
        return text

    def reach(self, target: Target) -> str:
        """Say which image has the Python for `target`; see `pylayer.engines.ListedEngine`."""
        image = target.runtime.build_image[target.architecture]
        if not self._images.is_here(target):
            return f"{image}, {self._images.offered(target)}"
        python = self.interpreter(target)
        if python.emulated:
            self._images.look(self._base(target).image, target=target)
        return f"Python {python.version} in {image}{', emulated' if python.emulated else ''}"

    def interpreter(self, target: Target) -> Interpreter:
        """Give the Python of the build image of `target`; see `pylayer.engines.Engine`.

        Raises ImageError where there is no usable image, and another engine may be asked.
        """
        return self._base(target).interpreter

    def choose_images(self, choice: ImageChoice) -> None:
        """Have images found by their digests; see `pylayer.engines.Engine`."""
        self._images.choice = choice

    def can_be_had(self, target: Target) -> bool:
        """Say whether a registry has the image; see `pylayer.engines.Engine`."""
        return self._images.can_be_had(self._base(target).image)

    def build_env(
        self,
        target: Target,
        requirements: Sequence[Wheel],
        *,
        network: bool = False,
        tools: Sequence[Wheel] = (),
    ) -> DockerBuildEnv:
        """Give the build environment; see `pylayer.engines.Engine`."""
        base = self._base(target)
        contents = tuple(sorted((wheel.filename, wheel.sha256) for wheel in (*requirements, *tools)))

        def make() -> DockerBuildEnv:
            build_env = DockerBuildEnv(
                self._resources,
                base=base,
                target=target,
                requirements=requirements,
                tools=tools,
                network=network,
            )
            self._made.append(build_env)
            return build_env

        return self._build_envs.get((str(target), base.image.id, contents, len(tools), network), make)

    def bare_env(self, target: Target) -> DockerBuildEnv:
        """Give a build environment that is open, else an empty one; see `pylayer.engines.Engine`."""
        open_ones = (build_env for build_env in self._made if build_env.serves_bare_jobs(target))
        return next(open_ones, None) or self.build_env(target, ())

    def sweep(self) -> None:
        """Remove what dead processes of this machine have left; done at the first use too."""
        folders.sweep()
        with suppress(*DOCKER_ERRORS):
            self._containers.sweep()

    def begin(self, what: Mapping[str, str], begun: Begun | None = None) -> None:
        """Start a container that is there when it is asked for; see `pylayer.engines.Engine`."""
        self._resources.begin(what, begun if isinstance(begun, EarlyContainer) else None)

    @property
    def began(self) -> Mapping[str, str]:
        """The first container of a build; see `pylayer.engines.Engine`."""
        return next(iter(self._resources.opened), {})

    def smoke_tester(self) -> DockerSmokeTester:
        """Give containers of the runtimes' images; see `pylayer.engines.ListedEngine`."""
        return DockerSmokeTester(self._connection, store=self._store)

    def kept(self) -> tuple[KeptEnvironment, ...]:
        """List what is kept in the engine's store; see `pylayer.engines.ListedEngine`."""
        try:
            return baking.kept(self._connection.client)
        except DOCKER_ERRORS as error:
            raise failure(error) from error

    def forget(self, names: Sequence[str]) -> None:
        """Remove some of what is kept, by name; what a running container needs stays."""
        for name in names:
            with suppress(*DOCKER_ERRORS):
                self._connection.client.remove_image(name)

    def close(self) -> None:
        """End every build environment, running jobs included; see `pylayer.engines.Engine`."""
        self._containers.close()
        if self._sweeper is not None:
            self._sweeper.join()
        self._connection.close()

    def _base(self, target: Target) -> Base:
        with self._lock:
            if self._sweeper is None:
                self._sweeper = threading.Thread(target=self.sweep, name="pylayer-sweep", daemon=True)
                self._sweeper.start()
        key = f"{target} {target.runtime.build_image[target.architecture]}"
        return self._bases.get(key, lambda: self._look(target))

    def _look(self, target: Target) -> Base:
        image = self._images.find(target)
        python = self._images.python(image, target=target)
        decisive = [image.content, str(target.architecture), python.version, python.executable]
        interpreter = Interpreter(
            version=python.version,
            executable=python.executable,
            platform=python.platform,
            identity=hashlib.sha256(json.dumps(decisive).encode()).hexdigest(),
            image=image.digest,
            emulated=target.architecture != self.architecture,
            tags=target.tags,
        )
        native = self._native(target, interpreter) if interpreter.emulated else None
        env = {"QEMU_CPU": python.qemu_cpu} if interpreter.emulated and python.qemu_cpu else {}
        return Base(image=image, interpreter=interpreter, native=native, env=env)

    def _native(self, target: Target, interpreter: Interpreter) -> Image | None:
        """Give the image that can compile for an emulated one; none is pulled for that alone."""
        if self.architecture is None:
            return None
        native = Target(runtime=target.runtime, architecture=self.architecture)
        if not self._images.is_here(native):
            return None
        with suppress(EngineError):
            base = self._base(native)
            if (base.interpreter.version, base.interpreter.executable) == (
                interpreter.version,
                interpreter.executable,
            ):
                return base.image
        return None
