"""Targets → the Pythons of this host, and build environments in its folders: the engine without Docker."""

from __future__ import annotations

import json
import os
import platform
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pylayer import envtable
from pylayer.disk import filling, refuse_full
from pylayer.engines import (
    Done,
    KeptEnvironment,
    environment,
    folders,
    variables,
    wire,
)
from pylayer.engines.local import pythons
from pylayer.engines.local.smoke import LocalSmokeTester
from pylayer.engines.once import Once
from pylayer.errors import BuildError, EngineError, ToolError
from pylayer.process import ProcessGroup, run
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.engines import Interpreter, Job
    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_ENDED_WITHIN = 5  # seconds from the kill of a job until it has cleaned up after itself


class LocalEngine:
    """This host; environments, and what was found out about interpreters, are kept in the folder `cache`.

    `environ` are the environment's variables: of them a job sees PATH alone, and with a network the
    proxies and certificates. An interpreter serves a target whatever its architecture: whether what it
    builds is right there is for the caller to see.
    """

    def __init__(self, *, store: Store, environ: Mapping[str, str]) -> None:
        self._store = store
        self._environments = store.root / "engines" / "local" / "env"
        self._environ = environ
        self._jobs = Jobs()
        self._interpreters: Once[str, Interpreter] = Once()
        self._prefixes: Once[str, Path] = Once()
        self._swept: Once[str, None] = Once()

    @classmethod
    def connect(cls, *, store: Store, environ: Mapping[str, str]) -> Self:
        """Give it, as it is always there; see `pylayer.engines.ListedEngine`."""
        return cls(store=store, environ=environ)

    @property
    def architecture(self) -> Architecture | None:
        """The host's own."""
        return Architecture.of_machine(platform.machine())

    @property
    def about(self) -> str:
        """What the host is, in words."""
        return f"this host, {platform.system()} on {platform.machine()}"

    def reach(self, target: Target) -> str:
        """Say which Python the host has for `target`; see `pylayer.engines.ListedEngine`."""
        return f"Python {self.interpreter(target).version} of this host, native code by a cross compiler"

    def interpreter(self, target: Target) -> Interpreter:
        """Give the host's Python of the target's minor version; see `pylayer.engines.Engine`."""
        python = target.runtime.python
        return self._interpreters.get(
            python, lambda: pythons.find(python, environ=self._environ, store=self._store)
        )

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
        prefix = self._prefix(
            requirements, interpreter, key=environment.key(requirements, interpreter=interpreter)
        )
        env = {}
        if network:
            bundle = variables.certificates(self._environ)
            env = variables.of_network(self._environ, bundle=str(bundle) if bundle else None)
        if tools:
            env[envtable.TOOLS] = str(self._prefix(tools, interpreter, key=environment.tools_key(tools)))
        path = f"{prefix}/bin{os.pathsep}{self._environ.get('PATH', os.defpath)}"
        return LocalBuildEnv(self._jobs, python=f"{prefix}/bin/python", path=path, env=env)

    def bare_env(self, target: Target) -> LocalBuildEnv:
        """Give a build environment in which nothing is installed; see `pylayer.engines.Engine`."""
        self._swept.get("", folders.sweep)
        path = self._environ.get("PATH", os.defpath)
        return LocalBuildEnv(self._jobs, python=self.interpreter(target).executable, path=path, env={})

    def smoke_tester(self) -> LocalSmokeTester:
        """Give the host's own Pythons; see `pylayer.engines.ListedEngine`."""
        return LocalSmokeTester(store=self._store, environ=self._environ)

    def kept(self) -> tuple[KeptEnvironment, ...]:
        """List the environments in the cache; see `pylayer.engines.ListedEngine`."""
        return tuple(
            KeptEnvironment(name=made.parent.name, size=_size_of(made.parent), used=made.stat().st_mtime)
            for made in sorted(self._environments.glob("*/pyvenv.cfg"))
        )

    def forget(self, names: Sequence[str]) -> None:
        """Remove environments, each at once as it was made; see `pylayer.engines.ListedEngine`."""
        for name in names:
            prefix = self._environments / name
            with folders.private(beside=prefix) as folder, suppress(OSError):
                prefix.rename(folder / "env")

    def close(self) -> None:
        """Kill running jobs and wait for what they leave to be removed; see `pylayer.engines.Engine`."""
        self._jobs.close()

    def _prefix(self, wheels: Sequence[Wheel], interpreter: Interpreter, *, key: str) -> Path:
        return self._prefixes.get(key, lambda: self._install(wheels, interpreter, key))

    def _install(self, wheels: Sequence[Wheel], interpreter: Interpreter, key: str) -> Path:
        """Make the environment unless it is there; it appears at once and complete, by a rename."""
        prefix = self._environments / key
        made = prefix / "pyvenv.cfg"
        if made.exists():
            with suppress(OSError):
                os.utime(made)  # says when it was last used
            return prefix
        folders.sweep(prefix.parent)
        with filling(prefix), folders.private(beside=prefix) as folder:
            root = folder / "env"
            environment.install(wheels, root, interpreter=interpreter, prefix=str(prefix))
            warm = wire.script_text("warm")
            done = run([interpreter.executable, "-I", "-c", warm, root / "lib"], group=self._jobs.group)
            # Python says nothing where it could write but a part of a .pyc file, and fails when it reads it.
            refuse_full(folder, log=done.stdout + done.stderr)
            try:
                root.rename(prefix)
            except OSError:
                if not (prefix / "pyvenv.cfg").exists():  # another process may have made the same
                    raise
        return prefix


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
    """Folders of this host, one for each job, and an environment that they share."""

    def __init__(self, jobs: Jobs, *, python: str, path: str, env: Mapping[str, str]) -> None:
        self._jobs = jobs
        self._python = python
        self._path = path
        self._env = env

    def run(self, job: Job, *, into: Path) -> Done:
        """Run `job`; see `pylayer.engines.BuildEnv`."""
        with self._jobs, folders.private() as private, filling(private):
            folder = private / job.name
            for name in ("src", "out", "home", "tmp"):
                (folder / name).mkdir(parents=True)
            for name, content, executable in wire.files(job):
                _write(folder / name, content, executable=executable)
            try:
                done = run(
                    [self._python, *(["-S"] if job.bare else []), f"inside/{job.script}.py"],
                    cwd=folder,
                    env={**variables.of_job(str(folder), path=self._path), **self._env, **job.env},
                    merged=True,
                    group=self._jobs.group,
                )
            except ToolError as error:
                if self._jobs.closed:
                    raise EngineError("the job was stopped", where=job.name) from error
                raise
            if done.status != 0:
                refuse_full(private, log=done.stdout)
            shutil.copytree(
                folder / "out", into, dirs_exist_ok=True, ignore=_all_but_plain, copy_function=_copied
            )
            return Done(status=done.status, log=done.stdout, answer=_answer(folder / "answer.json"))


def _write(path: Path, content: Path | bytes, *, executable: bool) -> None:
    """Write a file of a job, with the date that all of them have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        try:
            with filling(path):
                shutil.copyfile(content, path)
        except OSError as error:
            raise BuildError(f"cannot be read: {error.strerror}", where=str(content)) from error
    path.chmod(0o755 if executable else 0o644)
    os.utime(path, (variables.SOURCE_DATE_EPOCH, variables.SOURCE_DATE_EPOCH))


def _size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _copied(source: str, destination: str) -> None:
    with filling(Path(destination)):  # by itself, copytree gathers what goes wrong, and names the source
        shutil.copy2(source, destination)


def _all_but_plain(folder: str, names: list[str]) -> list[str]:
    paths = [Path(folder, name) for name in names]
    return [path.name for path in paths if path.is_symlink() or not (path.is_file() or path.is_dir())]


def _answer(path: Path) -> dict[str, Any]:
    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}
