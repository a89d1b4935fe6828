"""What one engine locked, of images in a registry → whether another engine builds in the same ones."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from factories.distribution import SMALL, serving
from factories.workshop import workshop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from factories.workshop import Workshop

_PORT = 5599  # which tests/engines/matrix lets Podman use without TLS
_REPOSITORY = f"localhost:{_PORT}/base"
_TARGET = "python3.13-x86_64"
_MANIFEST = f"""
packages = ["packages/*"]
engine = "docker"
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
[runtimes."python3.13"]
build-image = "{_REPOSITORY}:1"
image = "{_REPOSITORY}:1"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """What was built in a tag's first image, the lock of that, and the tag's next image."""

    registry: Path
    lock: str
    hashes: dict[str, str]
    newest: str


def locked(folder: Path) -> Locked:
    """Publish an image, build in it by this machine's own engine, and give its tag to another image."""
    registry = folder / "registry"
    registry.mkdir(parents=True)
    with serving(registry, port=_PORT):
        first = _published(1)
        with _mono(folder / "first") as mono:
            ran = mono.run("layers")
            lock = (mono.root / "layers.lock").read_text()
            if ran.status or first not in lock:
                raise SystemExit(f"{ran.text}\n{first} is not in\n{lock}")
            return Locked(registry=registry, lock=lock, hashes=mono.hashes(), newest=_published(2))


def honoured(made: Locked, folder: Path, *, within: Sequence[str]) -> list[str]:
    """Build by that lock in the engine to which `within` leads; say what is not the same."""
    with serving(made.registry, port=_PORT, within=within), _mono(folder) as mono:
        lock = mono.root / "layers.lock"
        lock.write_text(made.lock)
        ran = mono.run("layers", "--locked")
        if ran.status:
            return [ran.text]
        told = [] if mono.hashes() == made.hashes else [f"{mono.hashes()} and not {made.hashes}"]
        ran = mono.run("lock", "--upgrade")
        if ran.status or f'"{_TARGET}" = "{made.newest}"' not in lock.read_text():
            told.append(f"{ran.text}\n{made.newest} is not in\n{lock.read_text()}")
        _forget()
        return told


@contextmanager
def _mono(folder: Path) -> Iterator[Workshop]:
    with workshop(folder) as mono:
        mono.env["PYLAYER_RUNTIMES"] = ""
        mono.member("only")
        mono.manifest(_MANIFEST)
        yield mono


def _published(number: int) -> str:
    """Push an image, and leave nothing of it here; its digest."""
    name = f"{_REPOSITORY}:1"
    recipe = SMALL.format(number=number)
    subprocess.run(["docker", "build", "--quiet", "--tag", name, "-"], input=recipe, check=True, text=True)
    pushed = subprocess.run(["docker", "push", name], check=True, capture_output=True, text=True).stdout
    _forget()
    return pushed.rpartition("digest: ")[2].split()[0]


def _forget() -> None:
    """Remove the images of the registry from the engine."""
    names = ["{{.Repository}}:{{.Tag}}", "{{.Repository}}@{{.Digest}}"]
    for form in names:
        listed = subprocess.run(
            ["docker", "images", "--digests", "--format", form, _REPOSITORY],
            check=True,
            capture_output=True,
            text=True,
        )
        for each in listed.stdout.splitlines():
            if "<none>" not in each:
                subprocess.run(["docker", "rmi", each], check=False, capture_output=True)
