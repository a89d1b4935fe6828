"""An engine, and workers that have one like it → the same engine, whose builds the workers do.

Whatever keeps workers from doing something costs time alone: it is done here, if there is an engine here.
Only a worker that would make something else is an error.
"""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, wait
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import pylayer
from pylayer import activity
from pylayer.engines import Done
from pylayer.engines.once import Once
from pylayer.errors import EngineError, PylayerError
from pylayer.processors import resting
from pylayer.workers import parcels, worker
from pylayer.workers.depot import AwayError
from pylayer.workers.parcels import SentQuestion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from pylayer.engines import Begun, BuildEnv, Engine, ImageChoice, Interpreter, Job
    from pylayer.targets import Architecture, Target
    from pylayer.wheels import Wheel
    from pylayer.workers.depot import Depot
    from pylayer.workers.parcels import SentAnswer, SentJob, SentRun
    from pylayer.workers.pools import WorkerPool

_LOOK = 1.0  # seconds between looks whether any worker is left
_ALONE = 20.0  # seconds without any, after which nobody is waited for
_REDONE = 3  # times that a job is given to workers that cannot get at its files


class FarEngine:
    """Has builds done by the workers of a `pool`, and by this machine's engine what those must or can not do.

    That is made by `connect` where it is needed. `note` hears once why something is done here. Files go by
    the `depot`. `run` is what jobs have in common, but for the images: `choose_images` says which.
    """

    def __init__(
        self,
        pool: WorkerPool,
        depot: Depot,
        *,
        run: SentRun,
        connect: Callable[[], Engine],
        architecture: Architecture,
        note: Callable[[str], None],
    ) -> None:
        self.pool = pool
        self.depot = depot
        self.run = run
        self.architecture: Architecture | None = architecture
        self._connect = connect
        self._note = note
        self._choice: ImageChoice | None = None
        self._own: Once[str, Engine] = Once()
        self._made: list[Engine] = []
        self._answers: Once[Target, SentAnswer] = Once()
        self._pythons: dict[Target, Interpreter] = {}
        self._noted: set[str] = set()
        self._closed = threading.Event()
        self.lost = False

    def interpreter(self, target: Target) -> Interpreter:
        """Ask a worker of the target's architecture, or the engine here where there is none."""
        if self._far(target):
            try:
                answer = self._answers.get(target, lambda: self._asked(target))
            except AwayError as error:
                self.leave(error)
            else:
                assert answer.python is not None
                self._pythons[target] = answer.python
                return answer.python
        return self._here().interpreter(target)

    def choose_images(self, choice: ImageChoice) -> None:
        """Have workers take them as well."""
        self._choice = choice
        self.run = replace(self.run, digests=dict(choice.digests), strict=choice.strict)

    def can_be_had(self, target: Target) -> bool:
        """Say what who has the image says."""
        if target in self._pythons:
            return self._answers.get(target, lambda: self._asked(target)).can_be_had
        return self._here().can_be_had(target)

    def build_env(
        self,
        target: Target,
        requirements: Sequence[Wheel],
        *,
        network: bool = False,
        tools: Sequence[Wheel] = (),
    ) -> BuildEnv:
        """One on a worker; one with a network is here, since what takes part in it is in no key."""

        def here() -> BuildEnv:
            return self.alike(target).build_env(target, requirements, network=network, tools=tools)

        if network or not self._far(target):
            return here()
        return FarBuildEnv(self, target, requirements, tools=tools, here=here)

    def bare_env(self, target: Target) -> BuildEnv:
        """One here where there is an engine, to which files have a shorter way; else on a worker."""

        def here() -> BuildEnv:
            return self.alike(target).bare_env(target)

        try:
            return here()
        except EngineError:
            if not self._far(target):
                raise
        return FarBuildEnv(self, target, (), bare=True, here=here)

    def begin(self, what: Mapping[str, str], begun: Begun | None = None) -> None:
        """Begin nothing: builds are done elsewhere."""

    @property
    def began(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def close(self) -> None:
        """End what is done here, and forget what is done elsewhere."""
        self._closed.set()
        for engine in self._made:
            engine.close()

    def alike(self, target: Target) -> Engine:
        """The engine here, if it has the Python that workers have; raises EngineError."""
        engine = self._here()
        far = self._pythons.get(target)
        if far is not None and engine.interpreter(target).identity != far.identity:
            raise EngineError(
                f"this machine has another image for {target} than the workers",
                where=str(target),
                hint="run `pylayer lock`, so that all machines take the same one",
            )
        return engine

    def identity(self, target: Target) -> str:
        """What names the Python for a target, on whichever machine."""
        known = self._pythons.get(target)
        return (known or self.interpreter(target)).identity

    def leave(self, error: AwayError) -> None:
        """Do what is to be done here from now on, or just once, and say why."""
        self.lost = self.lost or not error.once
        if (text := str(error)) not in self._noted and not self._closed.is_set():
            self._noted.add(text)
            self._note(f"the workers {text}: built on this machine instead")

    def asked(self, architecture: Architecture, sent: SentJob | SentQuestion) -> SentAnswer:
        """Have a worker do something; raises AwayError where none does, and EngineError where one may not."""
        content = parcels.closed(sent)
        for attempt in range(1, _REDONE + 1):
            answer = self._waited(architecture, content)
            if answer.refused:
                raise EngineError(
                    f"the worker {answer.machine} {answer.refused}",
                    where=self.pool.about,
                    hint="install the same pylayer on all machines, and take images by layers.lock",
                )
            if not answer.away:
                break
            if attempt == _REDONE:
                raise AwayError(f"{answer.away} ({answer.machine})")
        return answer

    def _waited(self, architecture: Architecture, content: bytes) -> SentAnswer:
        sent = (pylayer.__version__, parcels.code(), content)
        try:
            future = self.pool.submit(architecture, worker.perform, *sent)
            with resting():
                self._wait(future, architecture)
            answer: SentAnswer = parcels.opened(future.result())
        except (PylayerError, AwayError):
            raise
        except CancelledError as error:
            raise AwayError("do not answer any more") from error
        except Exception as error:
            reason = (str(error).strip().splitlines() or [""])[0]
            left = bool(self.pool.places.get(architecture))
            raise AwayError(f"failed ({type(error).__name__}: {reason})", once=left) from error
        return answer

    def _wait(self, future: Future[bytes], architecture: Architecture) -> None:
        """Wait for the end of something, of the run, or of the last worker that could do it."""
        seen = monotonic()
        while not wait([future], timeout=_LOOK).done and not self._closed.is_set():
            if self.pool.places.get(architecture):
                seen = monotonic()
            elif monotonic() - seen > _ALONE:
                future.cancel()
                raise AwayError(f"for {architecture} are gone")
        if self._closed.is_set():
            future.cancel()
            raise EngineError("the job was stopped")

    def _asked(self, target: Target) -> SentAnswer:
        answer = self.asked(target.architecture, SentQuestion(run=self.run, target=target))
        if answer.error:
            raise answer.error
        return answer

    def _far(self, target: Target) -> bool:
        return not self.lost and bool(self.pool.places.get(target.architecture))

    def _here(self) -> Engine:
        def make() -> Engine:
            engine = self._connect()
            if self._choice:
                engine.choose_images(self._choice)
            self._made.append(engine)
            return engine

        return self._own.get("own", make)


class FarBuildEnv:
    """A build environment on whichever worker has time; `here` gives one on this machine."""

    def __init__(
        self,
        engine: FarEngine,
        target: Target,
        requirements: Sequence[Wheel],
        *,
        tools: Sequence[Wheel] = (),
        bare: bool = False,
        here: Callable[[], BuildEnv],
    ) -> None:
        self._engine = engine
        self._target = target
        self._requirements = requirements
        self._tools = tools
        self._bare = bare
        self._here = here

    def run(self, job: Job, *, into: Path) -> Done:
        """Have a worker run `job`; see `pylayer.engines.BuildEnv`."""
        if not self._engine.lost:
            try:
                return self._run(job, into)
            except AwayError as error:
                self._engine.leave(error)
        return self._here().run(job, into=into)

    def _run(self, job: Job, into: Path) -> Done:
        engine = self._engine
        sent, large = parcels.sent(
            job,
            run=engine.run,
            target=self._target,
            identity=engine.identity(self._target),
            bare=self._bare,
            requirements=self._requirements,
            tools=self._tools,
        )
        with resting():
            engine.depot.put(large)
        began = monotonic()
        answer = engine.asked(self._target.architecture, sent)
        waited = max(monotonic() - began - answer.seconds, 0.0)
        if answer.error:
            raise answer.error
        with resting():
            parcels.unpacked(answer.files, into, get=engine.depot.get)
        if lines := activity.printed():
            lines.add(answer.log.encode())
        return Done(status=answer.status, log=answer.log, answer=answer.answer, waited=waited)
