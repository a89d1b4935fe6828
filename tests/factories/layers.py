"""Small wheels, or files by path → a finished archive, as checks take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from factories.wheels import make_wheel, make_zip
from pylayer import wheels
from pylayer.archives.archive import Compiled, assemble
from pylayer.checks import LayerArchive, check
from pylayer.store import hash_file
from pylayer.targets import Architecture, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pylayer.problems import Problem


def target(text: str = "python3.13-x86_64") -> Target:
    """Read `python3.13-x86_64`."""
    runtime, architecture = text.rsplit("-", 1)
    return Target(runtime=load_runtimes()[runtime], architecture=Architecture(architecture))


def make_layer(
    folder: Path, *made: Path, name: str = "data", runs: str = "python3.13-x86_64"
) -> LayerArchive:
    """Assemble the wheels at the paths `made`."""
    read = tuple(wheels.read(path) for path in made)
    archive = assemble(read, folder / f"{name}.zip", target=target(runs))
    return LayerArchive(layer=name, path=archive.path, wheels=read)


def compiled(path: Path, name: str = "example") -> Compiled:
    """The zip at `path` as the bytecode of a distribution."""
    return Compiled(distribution=name, path=path, sha256=hash_file(path))


def zip_layer(folder: Path, files: Mapping[str, Any], *, name: str = "data") -> LayerArchive:
    """Zip `files` as they are, by whatever paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return LayerArchive(layer=name, path=make_zip(folder / f"{name}.zip", files))


def native(folder: Path, files: Mapping[str, bytes], *, name: str = "example", tag: str = "") -> Path:
    """Write a platform wheel of `files` for cp313 on x86_64, unless `tag` says another."""
    tag = tag or "cp313-cp313-manylinux_2_17_x86_64"
    return make_wheel(folder, files, name=name, tag=tag, pure=False)


def said(problems: tuple[Problem, ...]) -> list[tuple[str, str, str, str]]:
    """Severity, kind, place and words of each."""
    return [(problem.severity, problem.kind, problem.where, problem.what) for problem in problems]


def found(
    made: LayerArchive, runs: str = "python3.13-x86_64", **options: Any
) -> list[tuple[str, str, str, str]]:
    """Check `made` and tell what was said."""
    return said(check(made, target=target(runs), **options))
