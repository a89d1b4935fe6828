"""Monorepos on disk, and the command line run over them as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "tests" / "images" / "runtimes.toml"
PYTHONS = {"python3.11": "bookworm", "python3.13": "trixie"}


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass
class Monorepo:
    """A workspace in a folder, with a store of its own."""

    root: Path
    store: Path
    env: dict[str, str] = field(default_factory=dict)
    pids: list[int] = field(default_factory=list)
    patience: int = 600  # seconds that a command may take
    prefix: Sequence[str] = ()  # what leads to where pylayer runs
    ran: Ran | None = None  # what a fixture ran first, for the tests to look at

    def write(self, **files: str) -> None:
        """Write files by path, `__` for a slash being too clever: use `file` for those."""
        for name, text in files.items():
            self.file(name, text)

    def file(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def manifest(self, text: str) -> Path:
        return self.file("layers.toml", text)

    def project(self, name: str, *, requires: str = "", python: str = ">=3.9", body: str = "") -> Path:
        """A small setuptools package of one module, `name` with underscores."""
        module = name.replace("-", "_")
        self.file(
            f"packages/{name}/pyproject.toml",
            "[build-system]\n"
            'requires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
            f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = "{python}"\n'
            f"dependencies = [{requires}]\n"
            f'[tool.setuptools]\npy-modules = ["{module}"]\n',
        )
        self.file(f"packages/{name}/{module}.py", body or f'NAME = "{name}"\n')
        return self.root / "packages" / name

    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name not in ("CI", "PYLAYER_REQUIRE_DOCKER")
        }
        own = {"PYLAYER_CACHE_DIR": str(self.store), "PYLAYER_RUNTIMES": str(IMAGES), "NO_COLOR": "1"}
        return kept | own | self.env

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "pylayer", *words],
            cwd=self.root,
            env=self.environment() | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pids.append(process.pid)
        return process

    def containers(self) -> list[str]:
        """The containers that Docker has of this workspace's runs."""
        form = '{{.ID}} {{.Label "pylayer.pid"}}'
        command = ["docker", "ps", "--all", "--filter", "label=pylayer.pid", "--format", form]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        own = {str(pid) for pid in self.pids}
        return [name for name, pid in map(str.split, told.splitlines()) if pid in own]

    def run(self, *words: str, **env: str) -> Ran:
        """`pylayer WORDS` in the workspace, to its end."""
        process = self.start(*words, **env)
        out, err = process.communicate(timeout=self.patience)
        return Ran(status=process.returncode, out=out, err=err)

    @property
    def output(self) -> Path:
        return self.root / "dist" / "layers"

    def catalogue(self) -> dict[str, Any]:
        builds: dict[str, Any] = json.loads((self.output / "layers.json").read_text())["builds"]
        return builds

    def members(self, build: str) -> list[str]:
        """The names in a build's archive."""
        with zipfile.ZipFile(self.output / f"{build}.zip") as archive:
            return archive.namelist()

    def hashes(self) -> dict[str, str]:
        """Of every zip, as layers.json has them."""
        return {name: entry["sha256"] for name, entry in self.catalogue().items()}


def example(folder: Path) -> Monorepo:
    """A copy of this repository's example monorepo."""
    root = folder / "example"
    root.mkdir(parents=True)
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT / "packages", root / "packages", ignore=ignore)
    shutil.copy(ROOT / "layers.toml", root)
    return Monorepo(root=root, store=folder / "store")


def empty(folder: Path) -> Monorepo:
    """A workspace with nothing in it."""
    (folder / "mono").mkdir(parents=True)
    return Monorepo(root=folder / "mono", store=folder / "store")


def in_runtime(build: str, archive: Path, code: str, *more: Path) -> str:
    """Run `code` with an archive unpacked at /opt, in a container of the build's own runtime and machine.

    `more` archives are unpacked over it. As on Lambda: a read-only root, no network, another user than root,
    and its sys.path.
    """
    runtime, architecture = build.rsplit("-", 2)[1:]
    platform = {"x86_64": "amd64", "arm64": "arm64"}[architecture]
    image = f"pylayer-test/{runtime}:{platform}"
    name = f"pylayer-seen-{os.getpid()}-{build.replace('.', '')}"
    unpacked = archive.with_suffix(".opt")
    for each in (archive, *more):
        shutil.unpack_archive(each, unpacked, "zip")
    try:
        create = ["docker", "create", "--name", name, "--platform", f"linux/{platform}", "--network", "none"]
        limits = ["--read-only", "--user", "993:990", "--volume", "/opt", "--env", "PYTHONPATH=/opt/python"]
        # Pointer authentication is what costs most under emulation, and no test is about it.
        limits += ["--env", "QEMU_CPU=max,pauth=off"]
        subprocess.run(
            [*create, *limits, image, "python3", "-B", "-c", code], check=True, capture_output=True
        )
        subprocess.run(["docker", "cp", f"{unpacked}/.", f"{name}:/opt"], check=True, capture_output=True)
        done = subprocess.run(
            ["docker", "start", "--attach", name], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=False, capture_output=True)
        shutil.rmtree(unpacked)
