"""The seam between `verify` and whatever can try a layer: a SmokeTest goes in, what happened comes out.

A SmokeTester unpacks archives as Lambda does and runs `pylayer/inside/verify.py` beside them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from pylayer.archives.layout import ROOT, place
from pylayer.dataclassing import dataclass
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.config.invocations import Invoke
    from pylayer.targets import Runtime, Target
    from pylayer.wheels import Wheel

SCRIPTS = ("verify", "start", "runtime_api")  # of pylayer.inside; the first is the program


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTest:
    """What is tried: `archives` unpacked over each other in their order, as a function's layers are.

    Each of `modules` is imported in a process of its own. `client` are the wheels of AWS's runtime interface
    client, for a Python that has none. `seconds` is how long one process may take.
    """

    name: str
    target: Target
    archives: tuple[Path, ...]
    modules: tuple[str, ...]
    invoke: Invoke | None = None
    client: tuple[Wheel, ...] = ()
    seconds: float = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTestResult:
    """What `verify.py` answered, and notes on what of Lambda this tester does not have.

    `timed` is False where the seconds say nothing of Lambda's.
    """

    answer: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    timed: bool = True


class SmokeTester(Protocol):
    """Runs SmokeTests. Safe to use from several threads."""

    def identity(self, target: Target) -> str:
        """Name everything of it that can change how a smoke test for `target` goes (hex).

        Raises EngineError where it cannot have the target's Python, NeedsDockerError where only Docker could.
        """
        ...

    def runs(self, target: Target) -> Target:
        """Give the target whose native code runs where `target` is tried: the client must be for that."""
        ...

    def run(self, smoke_test: SmokeTest) -> SmokeTestResult:
        """Run `smoke_test`.

        Raises what `identity` does; NeedsDockerError too for compiled code that this host cannot run.
        """
        ...

    def close(self) -> None:
        """End what runs, and leave nothing behind. Can be called twice."""
        ...


def request(
    smoke_test: SmokeTest,
    *,
    opt: str,
    task: str,
    runtime_dir: str,
    options: Sequence[str] = (),
    attached: bool,
) -> bytes:
    """The line that `pylayer/inside/verify.py` reads."""
    invoke = smoke_test.invoke
    value = {
        "runtime": smoke_test.target.runtime.name,
        "opt": opt,
        "task": task,
        "runtime_dir": runtime_dir,
        "modules": list(smoke_test.modules),
        "invoke": invoke
        and {"handler": invoke.handler, "event": json.loads(invoke.event), "env": dict(invoke.env)},
        "seconds": smoke_test.seconds,
        "options": list(options),
        "attached": attached,
    }
    return json.dumps(value).encode() + b"\n"


def unpacked(archives: Sequence[Path]) -> Iterator[tuple[str, bytes, bool]]:
    """Every file below /opt: its name, content, and whether it is executable; of two the later one."""
    last = {}
    for path in archives:
        with Zip(path) as file:
            last.update({member.name: path for member in file.members})
    for path in dict.fromkeys(last.values()):
        with Zip(path) as file:
            for member in file.members:
                if last[member.name] == path:
                    yield member.name, file.content(member), member.executable


def client_files(client: Sequence[Wheel], *, runtime: Runtime) -> Iterator[tuple[str, bytes, bool]]:
    """Every file of the runtime interface client, as an installer would put it into a folder."""
    for wheel in client:
        with Zip(wheel.path, label=wheel.filename) as file:
            for placed in place(file, runtime=runtime):
                content = file.content(placed.member) if placed.content is None else placed.content
                yield placed.path.removeprefix(ROOT), content, placed.executable


def answer_in(output: str) -> dict[str, Any] | None:
    """The answer in what `verify.py` printed to standard output; None where there is none."""
    try:
        answer = json.loads(output.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return None
    return answer if isinstance(answer, dict) and "imports" in answer else None
