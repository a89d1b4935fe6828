"""An image and wheels → a running container with the wheels installed, in which jobs become results."""

from __future__ import annotations

import re
import secrets
from contextlib import closing, contextmanager, suppress
from dataclasses import field
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from docker.errors import NotFound

from pylayer import envtable
from pylayer.dataclassing import dataclass
from pylayer.engines import variables, wire
from pylayer.engines.docker import baking, programs, tars
from pylayer.engines.docker.baking import PREFIX, TOOLS
from pylayer.engines.docker.connection import DOCKER_ERRORS, failure
from pylayer.engines.docker.programs import ROOT, WORK
from pylayer.engines.docker.rooms import EmptyRooms, Room, Rooms
from pylayer.engines.docker.servers import JobServer
from pylayer.engines.wire import Results
from pylayer.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.engines import Done, Job
    from pylayer.engines.docker.baking import Base
    from pylayer.engines.docker.containers import Container, Containers
    from pylayer.engines.docker.early import EarlyContainer, WaitingProgram
    from pylayer.engines.docker.images import ImageStore
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_PYTHON = f"{PREFIX}/bin/python"
_BUNDLE = f"{ROOT}/certificates.pem"
_KILLED = 128 + 9  # the exit status of what SIGKILL ended
_JOB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvResources:
    """What the build environments of one engine stand on; `environ` are the environment's variables.

    `opened` are the containers that they started first, as `Containers.begin` takes them: those that nothing
    had to be said to, in the engine's own architecture. `waiting` are programs that were started before
    anybody asked for them, by container: one for its first build; and what its guests are made ready with.
    """

    containers: Containers
    images: ImageStore
    environ: Mapping[str, str]
    opened: list[dict[str, str]] = field(default_factory=list)
    waiting: dict[str, tuple[JobServer, str]] = field(default_factory=dict)
    empty: EmptyRooms = field(default_factory=EmptyRooms)

    def begin(self, what: Mapping[str, str], begun: EarlyContainer | None) -> None:
        """Start a container like one that was `opened`, and a program in it, for who asks for such a one."""
        if not {"image", "platform"} <= what.keys():  # a damaged record
            if begun:
                begun.close()
            return
        then = partial(self._wait_for_jobs, what=what)
        self.containers.begin(what["image"], platform=what["platform"], then=then, begun=begun)

    def _wait_for_jobs(
        self, container: Container, program: WaitingProgram | None, *, what: Mapping[str, str]
    ) -> None:
        if program:
            running = container.listening(program.id, program.connection)
            server = JobServer(running, user=program.user)
        else:
            user = programs.waiting_user()
            server = JobServer.start(container, python=_PYTHON, user=user, env={})
            if warm := what.get(programs.READY[False]):
                server.prepare(programs.preparation(warm, user=user))
        self.waiting[container.id] = (server, what.get(programs.READY[True], ""))

    def remember(self, image: str, *, platform: str) -> dict[str, str]:
        """Have a container like this one begun by later runs; give what they begin with."""
        anew = self.containers.as_asked_for(image, platform=platform)
        what = {"image": image, "platform": platform, "python": _PYTHON, **anew}
        self.opened.append(what)
        return what


class DockerBuildEnv:
    """Containers for a target and a set of build requirements, started as builds come that run at once.

    A container has one build at a time, as a user of its own and in a folder that no other one can read, and
    another one once nothing of that is left; none can write the environment. pylayer's own jobs are other
    users.
    """

    def __init__(
        self,
        resources: EnvResources,
        *,
        base: Base,
        target: Target,
        requirements: Sequence[Wheel],
        tools: Sequence[Wheel] = (),
        network: bool,
    ) -> None:
        self._resources = resources
        self._base = base
        self._target = target
        self._requirements = requirements
        self._tools = tools
        self._network = network
        self._rooms = Rooms(self._open, resources.containers.end, empty=resources.empty)
        self._remembered: list[dict[str, str]] = []
        self._users = programs.users()

    def serves_bare_jobs(self, target: Target) -> bool:
        """Whether a container runs already, and is one that pylayer's own jobs for `target` may share."""
        return self._rooms.are_open and self._target == target and not self._network

    def run(self, job: Job, *, into: Path) -> Done:
        """Run `job`; see `pylayer.engines.BuildEnv`."""
        if not _JOB_NAME.fullmatch(job.name):
            raise ValueError(f"no name for a job: {job.name!r}")
        where = f"{job.name} for {self._target}"
        try:
            done = self._run(job, into=into)
        except DOCKER_ERRORS as error:
            if self._resources.containers.closed:
                raise EngineError("the job was stopped", where=where) from error
            self._see_emulation()
            if isinstance(error, NotFound):
                what = "its container is gone: removed, out of memory, or the engine started anew"
                raise EngineError(what, where=where) from error
            raise failure(error, where=where) from error
        if self._resources.containers.closed:
            raise EngineError("the job was stopped", where=where)
        return done

    def _run(self, job: Job, *, into: Path) -> Done:
        with self._rooms.room(guest=job.bare) as room, closing(Results(into)) as results:
            with self._server(room, job) as server:
                if room.expecting and not job.bare:
                    warm, room.expecting = room.expecting, ""
                    Thread(target=self._expect_guest, args=(room, warm), daemon=True).start()
                status = server.do(self._packed(job, user=server.user), results)
                if not (results.complete and results.clean):
                    room.clean = False
            if not results.complete:
                self._see_emulation()
            if status == _KILLED:
                told = f"killed; if that was for want of memory: its container may use {self._memory_words}\n"
                results.log.add(told.encode())
            return results.done(status)

    def _see_emulation(self) -> None:
        """Raise ImageError where it was emulation that failed: it can go after it was found to work."""
        if self._base.interpreter.emulated and not self._resources.containers.closed:
            self._resources.images.look(self._base.image, target=self._target)

    @contextmanager
    def _server(self, room: Room, job: Job) -> Iterator[JobServer]:
        """A server in a room: one that has done a job before, unless there is none."""
        idle = room.idle[job.bare]
        try:
            server = idle.pop()
        except IndexError:
            user = next(self._users)
            server = JobServer.start(room.container, python=_PYTHON, user=user, env=self._base.env)
        try:
            yield server
        except BaseException:
            server.end()
            raise
        if room.clean:
            idle.append(server)
        else:
            server.end()

    def _expect_guest(self, room: Room, warm: str) -> None:
        """Start a program for guests, and have it make ready: beside a build, which takes longer."""
        user = next(self._users)
        with suppress(*DOCKER_ERRORS, EngineError, ValueError):  # who wants it has it started
            preparation = programs.preparation(warm, user=user)
            server = JobServer.start(room.container, python=_PYTHON, user=user, env={})
            server.prepare(preparation)
            room.idle[True].append(server)

    def _packed(self, job: Job, *, user: int) -> Iterator[bytes]:
        # Beside builds, no name of a folder may be known before it is there.
        folder = f"{WORK}/{job.name}{f'.{secrets.token_hex(8)}' if job.bare else ''}"
        env = {
            **variables.of_job(folder, path=self._path(job)),
            **(self._network_variables() if self._network else {}),
            **({envtable.TOOLS: TOOLS} if self._tools else {}),
        }
        if job.warm and self._remembered:
            self._remembered[0].setdefault(programs.READY[job.bare], programs.warm(job, env=env))
        return wire.pack(job, folder=folder, env=env, user=user)

    @property
    def _memory_words(self) -> str:
        return f"{self._resources.containers.bounds} ({envtable.BUILD_MEMORY})"

    def _path(self, job: Job) -> str:
        own = self._base.image.path
        return own if job.bare else f"{PREFIX}/bin:{own}"

    def _network_variables(self) -> dict[str, str]:
        bundle = _BUNDLE if variables.certificates(self._resources.environ) else None
        return variables.of_network(self._resources.environ, bundle=bundle)

    def _open(self) -> Room:
        container = baking.start(
            self._resources.containers,
            self._base,
            self._requirements,
            tools=self._tools,
            network=self._network,
        )
        if not (self._network or self._base.env):
            image = baking.reference(self._base, self._requirements, self._tools)
            platform = self._base.image.architecture.platform
            self._remembered.append(self._resources.remember(image, platform=platform))
        if self._network and (bundle := variables.certificates(self._resources.environ)):
            container.put(tars.of_file(bundle, _BUNDLE))
        room = Room(container=container)
        if container.id in self._resources.waiting:
            server, room.expecting = self._resources.waiting.pop(container.id)
            room.idle[False].append(server)
        return room
