"""Modules in a dict → what pylayer/inside/compile.py makes of them under some Python."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pylayer.building import bytecode
from pylayer.engines import Done, Interpreter
from pylayer.engines.local import pythons
from pylayer.errors import NeedsDockerError
from pylayer.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import CodeType

    from pylayer.engines import BuildEnv, Job
    from pylayer.wheels import Wheel

SCRIPT = Path(__file__).parents[2] / "pylayer" / "inside" / "compile.py"
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
HERE = Interpreter(
    version=".".join(map(str, sys.version_info[:3])),
    executable=sys.executable,
    platform="linux-x86_64",
    identity="cafe",
)


def interpreter(version: str, folder: Path) -> str:
    """Give this machine's Python of a minor version; the test is skipped where there is none."""
    try:
        return pythons.find(version, environ=os.environ, store=Store(folder)).executable
    except NeedsDockerError as error:
        pytest.skip(str(error))


@dataclass(kw_only=True)
class Compiled:
    """What became of a job: files of its `out` by name, what was skipped, its log and its exit status."""

    status: int
    log: str
    files: dict[str, bytes] = field(default_factory=dict)
    skipped: dict[str, list[list[str]]] = field(default_factory=dict)


def compile_modules(
    zips: Mapping[str, Mapping[str, bytes]],
    folder: Path,
    *,
    python: str = sys.executable,
    only: bool = False,
    seed: str = "0",
) -> Compiled:
    """Run the script in `folder` as an engine does."""
    for name in ("src", "out", "home", "tmp"):
        (folder / name).mkdir(parents=True)
    for name, modules in zips.items():
        with zipfile.ZipFile(folder / "src" / name, "w") as archive:
            for member, content in modules.items():
                archive.writestr(member, content)
    (folder / "request.json").write_text(json.dumps({"only": only}))
    done = _run(folder, python=python, seed=seed)
    if done.returncode:
        return Compiled(status=done.returncode, log=done.stdout)
    skipped = json.loads((folder / "answer.json").read_text())["skipped"]
    return Compiled(status=0, log=done.stdout, files=contents((folder / "out").iterdir()), skipped=skipped)


def compile_wheels(
    some: Iterable[Wheel],
    *,
    open_env: Callable[[], BuildEnv],
    interpreter: Interpreter,
    store: Store,
    only: bool = False,
    seen: bytecode.Seen | None = None,
    processors: int = 2,
) -> dict[str, bytecode.WheelBytecode]:
    """Give the bytecode of each wheel by the wheel's sha256 (hex): what is not kept, in one batch."""
    wheels = list(some)
    found = bytecode.kept(wheels, interpreter=interpreter, store=store, only=only)
    lacking = [wheel for wheel in wheels if wheel.sha256 not in found]
    with store.scratch() as scratch:
        batch = bytecode.Batch(
            lacking, interpreter=interpreter, store=store, scratch=scratch, only=only, seen=seen
        )
        for share in batch.shares(processors):
            batch.compile(share, open_env())
        return found | batch.finish()


def contents(zips: Iterable[Path]) -> dict[str, bytes]:
    """Give the members of all of `zips` by name."""
    found = {}
    for path in zips:
        with zipfile.ZipFile(path) as archive:
            found.update({name: archive.read(name) for name in archive.namelist()})
    return found


def code_of(pyc: bytes) -> CodeType:
    """Give the code in a .pyc of the running Python's version."""
    code: CodeType = marshal.loads(pyc[16:])
    return code


class HereBuildEnv:
    """A build environment in which the Python of the tests runs jobs; `jobs` are those that it was given."""

    def __init__(self, *, status: int | None = None) -> None:
        self.jobs: list[Job] = []
        self._status = status

    def opened(self) -> HereBuildEnv:
        """Give itself: what a caller opens a build environment with."""
        return self

    def run(self, job: Job, *, into: Path) -> Done:
        """Run `job`; see `pylayer.engines.BuildEnv`."""
        self.jobs.append(job)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for each in ("src", "home", "tmp"):
                (folder / each).mkdir()
            (folder / "out").symlink_to(into)
            for entry in job.tree:
                (folder / "src" / entry.name).write_bytes(_bytes(entry.source))
            (folder / "request.json").write_text(json.dumps(dict(job.request)))
            done = _run(folder, python=sys.executable, seed=job.env["PYTHONHASHSEED"])
            answer = json.loads((folder / "answer.json").read_text())
            return Done(status=self._status or done.returncode, log=done.stdout, answer=answer)

    @property
    def sent(self) -> Sequence[str]:
        """What was sent to be compiled, all jobs together."""
        return [entry.name for job in self.jobs for entry in job.tree]


def _bytes(source: Path | bytes) -> bytes:
    return source if isinstance(source, bytes) else source.read_bytes()


def _run(folder: Path, *, python: str, seed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, SCRIPT],
        cwd=folder,
        env={"PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
