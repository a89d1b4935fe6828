"""A small workspace that pylayer is disturbed in, and what must be true of it whatever happened."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
import zipfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from factories.workshop import BACKEND, Workshop, workshop

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from typing import Literal

STATES = 4
_GONE_WITHIN = 10  # seconds that the processes of a run may take to end after it
_TARGET = "python3.11-x86_64"

# A backend whose wheel has a library that the host's compiler made.
_NATIVE = """
import os, subprocess, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open("own.code") as file:
        text = file.read()
    subprocess.run([*COMPILER, "-shared", "-nostdlib", "-o", "own.so"], input=text.encode(), check=True)
    filename = "native-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    info = "native-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(folder, filename), "w") as wheel:
        wheel.write("own.so", "native/own.so")
        wheel.writestr("native/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: native\\nVersion: 1.0\\n")
        tag = "cp311-cp311-manylinux_2_17_x86_64"
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: {tag}\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return filename
"""


class Shop:
    """A workspace of four projects: one needs another and two wheels, one a build tool, one a compiler."""

    def __init__(self, mono: Workshop, engine: Literal["local", "docker"]) -> None:
        self.mono = mono
        self.engine = engine
        self.tmp = mono.root.parent / "tmp"
        self.tmp.mkdir()
        self.mono.env |= {"TMPDIR": str(self.tmp), "CAMPAIGN": str(mono.root)}
        self.state = 0
        self.right: list[dict[str, str]] = []
        self._write()

    def _write(self) -> None:
        mono = self.mono
        mono.offer("thing", "1.0", "part")
        mono.offer("part", "2.0")
        mono.offer("stamper", "1.0")
        mono.member("one", "two", "thing")
        mono.member("two")
        mono.member("three", building=["stamper"])
        mono.file("packages/three/backend.py", "import stamper\nassert stamper.VERSION\n" + BACKEND)
        mono.file(
            "packages/native/pyproject.toml",
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "native"\nversion = "1.0"\n',
        )
        mono.file("packages/native/backend.py", f"COMPILER = {self._compiler()!r}\n{_NATIVE}")
        mono.manifest(
            f'packages = ["packages/*"]\nengine = "{self.engine}"\n[defaults]\nruntimes = ["python3.11"]\n'
            'architectures = ["x86_64"]\n[layers.things]\nrequirements = ["thing"]\n'
        )
        self.edit(0)

    def _compiler(self) -> list[str]:
        """What compiles C from its input: the host's own where there is one, as in the images."""
        if self.engine == "docker" or shutil.which("cc"):
            return ["cc", "-x", "c", "-"]
        return [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-gnu.2.17", "-x", "c", "-"]

    def edit(self, state: int) -> None:
        """Bring the sources into one of the states whose archives are known."""
        self.state = state
        self.mono.file("packages/two/two.py", f'NAME = "{state}"\n')
        self.mono.file("packages/three/three.py", f"NUMBER = {state % 2}\n")
        self.mono.file("packages/native/own.code", f"int answer(void) {{ return {state // 2}; }}\n")

    def learn(self) -> None:
        """Build every state from nothing: what its archives are to be."""
        for state in range(STATES):
            self.forget()
            self.edit(state)
            ran = self.mono.run("layers")
            assert ran.status == 0, ran.text
            self.right.append(self.mono.hashes())
            assert self.right[-1] == self.archives(), "layers.json does not tell the archives"

    def forget(self) -> None:
        """Have no store and no archives."""
        shutil.rmtree(self.mono.store, ignore_errors=True)
        shutil.rmtree(self.mono.output, ignore_errors=True)

    def archives(self) -> dict[str, str]:
        """The sha256 of every archive that is there, by its build."""
        return {
            path.stem: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.mono.output.glob("*.zip")
            if not path.name.startswith(".")
        }

    def wrong(self) -> list[str]:
        """The archives that are none of those which any state has."""
        return [
            f"{build}: {_said_of(self.mono.output / f'{build}.zip')}"
            for build, found in self.archives().items()
            if found not in {right.get(build) for right in self.right}
        ]

    def unlike(self) -> list[str]:
        """The archives, and entries of layers.json, that are not those of the state that the sources have."""
        right = self.right[self.state]
        told = {"archive": self.archives(), "layers.json": self.mono.hashes()}
        return [
            f"{build}: its {what} is {found.get(build, 'missing')}, not {right.get(build, 'to be there')}"
            for what, found in told.items()
            for build in sorted(found.keys() | right.keys())
            if found.get(build) != right.get(build)
        ]

    def left(self) -> list[str]:
        """What is there that no run should leave: processes, containers, folders, temporary files."""
        mono = self.mono
        found = [str(path) for path in self.tmp.iterdir()]
        found += [str(path) for path in (mono.store / "scratch").glob("*")]
        for folder in (mono.output, mono.store / "blobs", mono.store / "records", mono.store / "engines"):
            found += [str(path) for path in folder.rglob(".*") if "site-packages" not in path.parts]
            found += [str(path) for path in folder.glob("**/pylayer-[0-9]*")]
        found += [str(path) for path in mono.root.glob(".*")]
        if self.engine == "docker":
            found += [f"container {each}" for each in mono.containers()]
        return found + self.processes()

    def processes(self, *, within: float = _GONE_WITHIN) -> list[str]:
        """The processes of this workspace that are still there after a while."""
        deadline = time.monotonic() + within
        while (found := self._running()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def _running(self) -> list[str]:
        own = str(self.mono.root.parent).encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                said = (process / "cmdline").read_bytes()
                seen = said + (process / "environ").read_bytes() + os.fsencode((process / "cwd").readlink())
                if own in seen and int(process.name) != os.getpid() and said:
                    words = said.replace(bytes(1), b" ").decode(errors="replace")
                    found.append(f"process {process.name}: {words}")
        return found

    def end(self, process: subprocess.Popen[str], *, within: float = 600) -> str:
        """Wait for a run; what it printed."""
        out, err = process.communicate(timeout=within)
        return f"status {process.returncode}\n{out}{err}"


@contextmanager
def shop(folder: Path, engine: Literal["local", "docker"] = "local") -> Iterator[Shop]:
    """A workspace in `folder`, whose archives are known."""
    with workshop(folder) as mono:
        made = Shop(mono, engine)
        made.learn()
        yield made


def _said_of(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            return f"damaged: {archive.testzip()}" if archive.testzip() else "whole, but of other content"
    except (zipfile.BadZipFile, OSError) as error:
        return f"no zip: {error}"
