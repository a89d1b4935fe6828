"""A SmokeTest → what happened on this host, which is not Lambda: other libraries, nothing read-only."""

from __future__ import annotations

import platform
import sys
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pylayer import enginetable, folders
from pylayer.engines.local import bubblewrap, pythons
from pylayer.engines.local.confinement import Confinement
from pylayer.engines.scripts import script_text
from pylayer.engines.smoke import SCRIPTS, SmokeTestResult, answer_in, client_files, request, unpacked
from pylayer.errors import EngineError, NeedsDockerError
from pylayer.process import ProcessGroup, run
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pylayer.engines import Interpreter
    from pylayer.engines.smoke import SmokeTest
    from pylayer.store import Store
    from pylayer.targets import Target

_MARGIN = 30  # seconds beyond those of the smoke test's processes
_OPTIONS = ("-E", "-s", "-S")  # neither the user's variables nor any site-packages: Lambda has none of it
_NOTE = "tried on this machine, not in Lambda's image: system libraries and glibc are this machine's"
_FREE = ", the network can be reached, and files can be written"


class LocalSmokeTester:
    """This host's interpreters, started without their site-packages; `store` is where they are remembered.

    What is in a layer runs here: where there is bubblewrap, without network, and it sees its own folder and
    what is installed alone. By Landlock it could neither be invoked, by a socket, nor write in /tmp.
    """

    def __init__(self, *, store: Store, environ: Mapping[str, str]) -> None:
        self._store = store
        self._environ = environ
        self._group = ProcessGroup()

    def identity(self, target: Target) -> str:
        """Give the interpreter's; see `pylayer.engines.smoke.SmokeTester`."""
        return self._interpreter(target).identity

    def runs(self, target: Target) -> Target:
        """Give this machine's, whatever is tried; see `pylayer.engines.smoke.SmokeTester`."""
        return replace(
            target, architecture=Architecture.of_machine(platform.machine()) or target.architecture
        )

    def run(self, smoke_test: SmokeTest) -> SmokeTestResult:
        """Run `smoke_test`; see `pylayer.engines.smoke.SmokeTester`."""
        interpreter = self._interpreter(smoke_test.target)
        with folders.private() as folder:
            for name in ("opt", "task", "client", "inside"):
                (folder / name).mkdir()
            if _unpack(unpacked(smoke_test.archives), folder / "opt") and not _runs(smoke_test.target):
                raise NeedsDockerError(
                    f"it has native code for {smoke_test.target}, which this machine cannot run",
                    where=smoke_test.name,
                    hint=f"{enginetable.remedy()}, and verify it there",
                )
            client = client_files(smoke_test.client, runtime=smoke_test.target.runtime)
            if _unpack(client, folder / "client") and not _runs(self.runs(smoke_test.target)):
                raise NeedsDockerError(
                    "AWS's runtime client, which runs handlers, has native code for Linux",
                    where=smoke_test.name,
                    hint=f"{enginetable.remedy()}, and verify it there",
                )
            for script in SCRIPTS:
                (folder / "inside" / f"{script}.py").write_text(script_text(script), encoding="utf-8")
            wrapper = self._wrapper
            done = run(
                [
                    *(self._held(wrapper, interpreter.executable, folder=folder) if wrapper else []),
                    *(interpreter.executable, *_OPTIONS),
                    folder / "inside" / f"{SCRIPTS[0]}.py",
                ],
                cwd=folder,
                env={"PATH": self._environ.get("PATH", ""), "TMPDIR": str(folder)},
                input=request(
                    smoke_test,
                    opt=str(folder / "opt"),
                    task=str(folder / "task"),
                    runtime_dir=str(folder / "client"),
                    options=_OPTIONS,
                    attached=False,
                ).decode(),
                timeout=smoke_test.seconds * (len(smoke_test.modules) + 1) + _MARGIN,
                group=self._group,
                confine=bubblewrap.keep_sockets if wrapper else None,
            )
        answer = answer_in(done.stdout)
        if answer is None:
            raise EngineError(
                "verification ended early", where=smoke_test.name, log=done.stdout + done.stderr
            )
        return SmokeTestResult(answer=answer, notes=(_NOTE if wrapper else _NOTE + _FREE,))

    def close(self) -> None:
        """Kill what runs; see `pylayer.engines.smoke.SmokeTester`."""
        self._group.close()

    @cached_property
    def _wrapper(self) -> str | None:
        return bubblewrap.program(self._environ.get("PATH", ""))

    def _held(self, wrapper: str, python: str, *, folder: Path) -> list[str]:
        held = Confinement.to_folder(folder, python=python, path=self._environ.get("PATH", ""))
        return bubblewrap.words(wrapper, held, folder=folder)

    def _interpreter(self, target: Target) -> Interpreter:
        return pythons.find(target.runtime.python, environ=self._environ, store=self._store)


def _unpack(files: Iterable[tuple[str, bytes, bool]], root: Path) -> bool:
    """Write `files`; say whether any is a library."""
    native = False
    for name, content, executable in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if executable else 0o644)
        native = native or content.startswith(b"\x7fELF")
    return native


def _runs(target: Target) -> bool:
    return sys.platform == "linux" and Architecture.of_machine(platform.machine()) == target.architecture
