"""Targets in the test images, projects that are their own build backend, and jobs that build them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pylayer.engines import Job
from pylayer.engines.local.engine import LocalEngine
from pylayer.enginetable import EngineKind
from pylayer.errors import EngineError
from pylayer.monorepo.trees import TreeEntry
from pylayer.targets import Architecture, ImageReferences, Runtime, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.store import Store

REQUIRE = "PYLAYER_REQUIRE_DOCKER"
NATIVE = Architecture.of_machine(platform.machine()) or Architecture.X86_64
FOREIGN = Architecture.ARM64 if NATIVE is Architecture.X86_64 else Architecture.X86_64

# An in-tree backend whose wheel is a small JSON file of what its `build.py` put into `facts`.
_BACKEND = b"""
import json, os
def build_wheel(folder, config_settings=None, metadata_directory=None):
    facts = {}
    with open("build.py") as file:
        exec(file.read(), {"facts": facts, "folder": folder})
    with open(os.path.join(folder, "facts-1-py3-none-any.whl"), "w") as file:
        json.dump(facts, file)
    return "facts-1-py3-none-any.whl"
"""


ABSENT = "WORKBENCH_ABSENT"  # the variable with which the third engine does not answer


class Workbench(LocalEngine):
    """A third engine: it is this host, and says that it has the target's libc."""

    @classmethod
    def connect(cls, *, store: Store, environ: Mapping[str, str], host: str = "") -> Self:
        if ABSENT in environ:
            raise EngineError("the workbench is not plugged in")
        return super().connect(store=store, environ=environ)

    def reach(self, target: Target) -> str:
        return f"Python {self.interpreter(target).version} on the workbench"


WORKBENCH = EngineKind(
    name="workbench",
    implemented_by=f"{__name__}:Workbench",
    title="the workbench",
    at="on the workbench",
    remedy="plug the workbench in",
    has_target_libc=True,
    has_images=False,
)


def runtime(python: str, *, image: str | None = None) -> Runtime:
    """Give the runtime `python` ("3.13") with the test images, or with one `image` for both architectures."""
    images = ImageReferences(
        x86_64=image or f"pylayer-test/python{python}:amd64",
        arm64=image or f"pylayer-test/python{python}:arm64",
    )
    return replace(load_runtimes()[f"python{python}"], build_image=images, image=images)


def target(python: str = "3.13", architecture: Architecture = NATIVE, *, image: str | None = None) -> Target:
    """Give a target in the test images, or in `image`."""
    return Target(runtime=runtime(python, image=image), architecture=architecture)


def host_target(python: str = f"3.{sys.version_info.minor}") -> Target:
    """Give a target for the Python that runs the tests."""
    return Target(runtime=load_runtimes()[f"python{python}"], architecture=NATIVE)


def job(build: str, *, name: str = "example", tree: tuple[TreeEntry, ...] = (), **env: str) -> Job:
    """Give a job whose project runs the code `build`; what that puts into `facts` is what it gives."""
    project = (
        TreeEntry(name="backend.py", source=_BACKEND),
        TreeEntry(name="build.py", source=build.encode()),
        *tree,
    )
    return Job(
        name=name,
        script="hook",
        request={"backend": "backend", "backend_path": ["."]},
        tree=project,
        env=env,
    )


def facts(build_env: Any, build: str, into: Path, **more: Any) -> dict[str, Any]:
    """Run a job and give its facts."""
    done = build_env.run(job(build, **more), into=into)
    assert (0, "facts-1-py3-none-any.whl") == (done.status, done.answer.get("wheel")), done.log
    told: dict[str, Any] = json.loads((into / "facts-1-py3-none-any.whl").read_text())
    return told


def child(code: str, *words: str | Path) -> subprocess.Popen[str]:
    """Start a Python beside the tests that can import what they can."""
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
