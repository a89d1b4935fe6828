"""Targets → the Pythons of this host, and build environments in its folders: the engine without Docker."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import threading
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pylayer import envtable, folders
from pylayer.alone import alone
from pylayer.dataclassing import dataclass
from pylayer.disk import filling, refuse_full
from pylayer.engines import (
    Done,
    KeptEnvironment,
    environment,
    variables,
    wire,
)
from pylayer.engines.local import bubblewrap, confinement, pythons, seals
from pylayer.engines.local.confinement import Confinement
from pylayer.engines.local.smoke import LocalSmokeTester
from pylayer.engines.once import Once
from pylayer.engines.scripts import script_text
from pylayer.errors import BuildError, EngineError, Fault, ToolError
from pylayer.process import ProcessGroup, run
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.engines import Begun, ImageChoice, Interpreter, Job
    from pylayer.engines.local.seals import State
    from pylayer.engines.wire import JobFile
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_TOLD = 3  # of the files that a build changed
_CONFINED_NOTE = (
    "\na build on this host writes in its own folders alone, reads those and what is installed, and has no "
    "network without `network`; a folder that it needs can be named in its `env` (docs/isolation.md)\n"
)
# What programs say where they are kept from something; in bubblewrap, what they may not see is not there.
_REFUSALS = tuple(map(os.strerror, (errno.EACCES, errno.EROFS, errno.ENETUNREACH)))
_CHANGED_HINT = (
    "a build, this one or one that ran at the same time, wrote into what builds share: have it written into "
    "TMPDIR, and name what is to be installed in build-system.requires"
)
_ENDED_WITHIN = 5  # seconds from the kill of a job until it has cleaned up after itself


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEnvironment:
    """An environment's folder, its key, and what it was when it was made or last found to be sound."""

    prefix: Path
    key: str
    state: State


class LocalEngine:
    """This host; environments, and what was found out about interpreters, are kept in the folder `cache`.

    `environ` are the environment's variables: of them a job sees PATH alone, and with a network the
    proxies and certificates. An interpreter serves a target whatever its architecture: whether what it
    builds is right there is for the caller to see.

    In bubblewrap, or where the kernel has Landlock, a build can write in its own folders alone, and read
    those, the system's and what is installed (`bubblewrap`, `confinement`). An environment is looked at
    before its first use in a run, and where builds can change it, after each of them (`seals`).
    """

    def __init__(self, *, store: Store, environ: Mapping[str, str]) -> None:
        self._store = store
        self._environments = store.root / "engines" / "local" / "env"
        self._environ = environ
        self.jobs = Jobs()
        self._interpreters: Once[str, Interpreter] = Once()
        self._made: Once[str, SealedEnvironment] = Once()
        self._swept: Once[str, None] = Once()
        self._wrapper: Once[str, str | None] = Once()

    @classmethod
    def connect(cls, *, store: Store, environ: Mapping[str, str], host: str = "") -> Self:  # noqa: ARG003
        """Give it, as it is always there; see `pylayer.engines.ListedEngine`."""
        return cls(store=store, environ=environ)

    @property
    def architecture(self) -> Architecture | None:
        """The host's own."""
        return Architecture.of_machine(platform.machine())

    def begin(self, what: Mapping[str, str], begun: Begun | None = None) -> None:
        """Do nothing: it has nothing that takes time to start; see `pylayer.engines.Engine`."""

    @property
    def began(self) -> Mapping[str, str]:
        """Nothing; see `pylayer.engines.Engine`."""
        return {}

    @property
    def about(self) -> str:
        """What the host is, and what holds builds there, in words."""
        held = (
            bubblewrap.DESCRIBED if self.bubblewrap else confinement.described(bubblewrap.advice(self._path))
        )
        return f"this host, {platform.system()} on {platform.machine()}; builds run as this user, {held}"

    def reach(self, target: Target) -> str:
        """Say which Python the host has for `target`; see `pylayer.engines.ListedEngine`."""
        return f"Python {self.interpreter(target).version} of this host, native code by a cross compiler"

    def interpreter(self, target: Target) -> Interpreter:
        """Give the host's Python of the target's minor version; see `pylayer.engines.Engine`."""
        python = target.runtime.python
        return self._interpreters.get(
            python, lambda: pythons.find(python, environ=self._environ, store=self._store)
        )

    def choose_images(self, choice: ImageChoice) -> None:
        """There are none; see `pylayer.engines.Engine`."""

    def can_be_had(self, target: Target) -> bool:  # noqa: ARG002  an Engine's
        """There are no images; see `pylayer.engines.Engine`."""
        return False

    def build_env(
        self,
        target: Target,
        requirements: Sequence[Wheel],
        *,
        network: bool = False,
        tools: Sequence[Wheel] = (),
    ) -> LocalBuildEnv:
        """Give the build environment; see `pylayer.engines.Engine`."""
        self._swept.get("", folders.sweep)
        interpreter = self.interpreter(target)
        own = self._environment(
            requirements, interpreter, key=environment.key(requirements, interpreter=interpreter)
        )
        environments, env = [own], {**self._rustup}
        if network:
            bundle = variables.certificates(self._environ)
            env |= variables.of_network(self._environ, bundle=str(bundle) if bundle else None)
        if tools:
            beside = self._environment(tools, interpreter, key=environment.tools_key(tools))
            environments.append(beside)
            env[envtable.TOOLS] = str(beside.prefix)
        path = f"{own.prefix}/bin{os.pathsep}{self._path}"
        python = f"{own.prefix}/bin/python"
        return LocalBuildEnv(
            self, python=python, path=path, env=env, environments=environments, network=network
        )

    def bare_env(self, target: Target) -> LocalBuildEnv:
        """Give a build environment in which nothing is installed; see `pylayer.engines.Engine`."""
        self._swept.get("", folders.sweep)
        return LocalBuildEnv(self, python=self.interpreter(target).executable, path=self._path)

    def smoke_tester(self) -> LocalSmokeTester:
        """Give the host's own Pythons; see `pylayer.engines.ListedEngine`."""
        return LocalSmokeTester(store=self._store, environ=self._environ)

    def kept(self) -> tuple[KeptEnvironment, ...]:
        """List the environments in the cache; see `pylayer.engines.ListedEngine`."""
        return tuple(
            KeptEnvironment(name=prefix.name, size=_size_of(prefix), used=prefix.stat().st_mtime)
            for prefix in sorted(made.parent for made in self._environments.glob("*/pyvenv.cfg"))
        )

    def forget(self, names: Sequence[str]) -> None:
        """Remove environments, each at once as it was made; see `pylayer.engines.ListedEngine`."""
        for name in names:
            prefix = self._environments / name
            with folders.private(beside=prefix) as folder, suppress(OSError):
                prefix.rename(folder / "env")

    def close(self) -> None:
        """Kill running jobs and wait for what they leave to be removed; see `pylayer.engines.Engine`."""
        self.jobs.close()

    def confined(self, build_env: LocalBuildEnv, *, writable: Sequence[Path]) -> Confinement:
        """What a job may touch: `writable`, and what is installed."""
        prefixes = tuple(each.prefix for each in build_env.environments)
        named = confinement.named(build_env.env)
        readable = (*self._installed, *confinement.of_python(build_env.python), *prefixes, *named)
        return Confinement(writable=tuple(writable), readable=readable, network=build_env.network)

    @property
    def bubblewrap(self) -> str | None:
        """The program in whose namespaces jobs run; None where there is none that works here."""
        return self._wrapper.get("", lambda: bubblewrap.program(self._path))

    def refuse_changed(self, build_env: LocalBuildEnv, job: Job, *, log: str) -> None:
        """Raise BuildError where an environment is not what it was, and have it made again."""
        faults = []
        for each in build_env.environments:
            if found := seals.changed(each.state, seals.state(each.prefix)):
                self._made.forget(each.key)
                self.forget([each.key])
                more = f" and {len(found) - _TOLD} more" if found[_TOLD:] else ""
                what = f"its build environment was changed meanwhile: {', '.join(found[:_TOLD])}{more}"
                faults.append(Fault(what=what, where=job.name, hint=_CHANGED_HINT))
        if faults:
            raise BuildError.of(faults, log=log)

    @property
    def _path(self) -> str:
        return self._environ.get("PATH", os.defpath)

    @cached_property
    def _rustup(self) -> dict[str, str]:
        return variables.of_rustup(self._environ, path=self._path)

    @cached_property
    def _installed(self) -> tuple[Path, ...]:
        return confinement.of_path(self._path)

    def _environment(
        self, wheels: Sequence[Wheel], interpreter: Interpreter, *, key: str
    ) -> SealedEnvironment:
        def find() -> SealedEnvironment:
            return self._kept(key) or self._install(wheels, interpreter, key=key)

        return self._made.get(key, find)

    def _kept(self, key: str) -> SealedEnvironment | None:
        """The environment, where it is there and is what it was when it was made; else it is removed."""
        prefix = self._environments / key
        if (state := seals.unbroken(prefix)) is None and prefix.exists():
            with alone(prefix.parent):  # another process may just be removing it, to make it again
                if (state := seals.unbroken(prefix)) is None and prefix.exists():
                    if seals.is_sealed(prefix):  # earlier versions sealed none
                        self._store.tell_damaged(f"the build environment {prefix}")
                    self.forget([key])
        if state is None:
            return None
        with suppress(OSError):
            os.utime(prefix)  # says when it was last used
        return SealedEnvironment(prefix=prefix, key=key, state=state)

    def _install(self, wheels: Sequence[Wheel], interpreter: Interpreter, *, key: str) -> SealedEnvironment:
        """Make the environment; it appears at once, complete and sealed, by a rename."""
        prefix = self._environments / key
        folders.sweep(prefix.parent)
        with filling(prefix), folders.private(beside=prefix) as folder:
            root = folder / "env"
            environment.install(wheels, root, interpreter=interpreter, prefix=str(prefix))
            warm = script_text("warm")
            done = run([interpreter.executable, "-I", "-c", warm, root / "lib"], group=self.jobs.group)
            # Python says nothing where it could write but a part of a .pyc file, and fails when it reads it.
            refuse_full(folder, log=done.stdout + done.stderr)
            state = seals.seal(root)
            try:
                root.rename(prefix)
            except OSError:
                if made := self._kept(key):  # another process may have made the same
                    return made
                raise
        return SealedEnvironment(prefix=prefix, key=key, state=state)


class Jobs:
    """The running jobs of an engine."""

    def __init__(self) -> None:
        self.group = ProcessGroup()
        self.closed = False
        self._running = 0
        self._ended = threading.Condition()

    def __enter__(self) -> None:
        with self._ended:
            self._running += 1

    def __exit__(self, *_: object) -> None:
        with self._ended:
            self._running -= 1
            self._ended.notify_all()

    def close(self) -> None:
        """Kill all, let no new one run, and wait until they have removed their folders."""
        self.closed = True
        self.group.close()
        with self._ended:
            self._ended.wait_for(lambda: not self._running, timeout=_ENDED_WITHIN)


class LocalBuildEnv:
    """Folders of this host, one for each job, and the `environments` that they share: its own, its tools'."""

    def __init__(
        self,
        engine: LocalEngine,
        *,
        python: str,
        path: str,
        env: Mapping[str, str] | None = None,
        environments: Sequence[SealedEnvironment] = (),
        network: bool = False,
    ) -> None:
        self._engine = engine
        self._path = path
        self.env = env or {}
        self.python = python
        self.environments = environments
        self.network = network

    def run(self, job: Job, *, into: Path) -> Done:
        """Run `job`; see `pylayer.engines.BuildEnv`."""
        jobs = self._engine.jobs
        with jobs, folders.private() as private, filling(private):
            folder = private / job.name
            for name in ("src", "out", "home", "tmp"):
                (folder / name).mkdir(parents=True)
            for file in wire.files(job):
                _write(folder / file.name, file)
            # What is declared for a project may name folders that its build is to use.
            confined = self._engine.confined(self, writable=(folder, *confinement.named(job.env)))
            command = [self.python, *job.options, f"inside/{job.script}.py"]
            if wrapper := self._engine.bubblewrap:
                command = [*bubblewrap.words(wrapper, confined, folder=folder), *command]
            try:
                done = run(
                    command,
                    cwd=folder,
                    env={**variables.of_job(str(folder), path=self._path), **self.env, **job.env},
                    merged=True,
                    group=jobs.group,
                    confine=bubblewrap.keep_sockets if wrapper else confined.enter,
                )
            except ToolError as error:
                if jobs.closed:
                    raise EngineError("the job was stopped", where=job.name) from error
                raise
            held = bool(wrapper or confinement.supported())
            if not held:
                self._engine.refuse_changed(self, job, log=done.stdout)
            log = done.stdout
            if done.status != 0:
                refuse_full(private, log=log)
                log += _CONFINED_NOTE if held and any(each in log for each in _REFUSALS) else ""
            if not (folder / "out").is_symlink():
                shutil.copytree(
                    folder / "out", into, dirs_exist_ok=True, ignore=_all_but_plain, copy_function=_copied
                )
            return Done(status=done.status, log=log, answer=_answer(folder / "answer.json"))


def _write(path: Path, file: JobFile) -> None:
    """Write a file of a job, with the date that all of them have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if file.link:
        path.symlink_to(file.link)
    elif isinstance(file.content, bytes):
        path.write_bytes(file.content)
    else:
        try:
            with filling(path):
                shutil.copyfile(file.content, path)
        except OSError as error:
            raise BuildError(f"cannot be read: {error.strerror}", where=str(file.content)) from error
    if not file.link:
        path.chmod(0o755 if file.executable else 0o644)
    date = variables.SOURCE_DATE_EPOCH
    os.utime(path, (date, date), follow_symlinks=False)


def _size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _copied(source: str, destination: str) -> None:
    with filling(Path(destination)):  # by itself, copytree gathers what goes wrong, and names the source
        shutil.copy2(source, destination, follow_symlinks=False)  # a build may go on changing what it made


def _all_but_plain(folder: str, names: list[str]) -> list[str]:
    paths = [Path(folder, name) for name in names]
    return [path.name for path in paths if path.is_symlink() or not (path.is_file() or path.is_dir())]


def _answer(path: Path) -> dict[str, Any]:
    try:
        answer = None if path.is_symlink() else json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
