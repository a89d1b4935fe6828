"""Layer archives → whether they are what they should be: the last edit is in them, and everything imports."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import workspaces
from contenders import Failed, command
from pylayer.targets import Architecture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contenders import Contender
    from workspaces import Workspace

# Each layer in a Python of its own, as on Lambda: one layer must not lend another what it lacks.
IMPORT_EACH = """
import pathlib, subprocess, sys
for layer in sorted(pathlib.Path("/layers").iterdir()):
    statements = (layer / "statements").read_text()
    done = subprocess.run([sys.executable, "-c", statements], env={"PYTHONPATH": str(layer / "python")})
    if done.returncode:
        sys.exit(f"{layer.name} does not work")
"""


class Wrong(Exception):  # noqa: N818  a result among others, not a mistake of the harness
    """What a contender made is not what it should be."""


def edits_are_in(contender: Contender, workspace: Workspace) -> None:
    """See that every archive has its package's code as it is now. Raises Wrong."""
    for name in workspace.names:
        for architecture in contender.architectures:
            archive = contender.archive(workspace, name, architecture)
            if f'MARK = "{workspace.marks[name]}"' not in _code(archive, name):
                raise Wrong(f"{archive.name}: the last edit is not in it")


def everything_imports(contender: Contender, workspace: Workspace) -> None:
    """Import each layer's package and all it requires in an image of its target. Raises Wrong."""
    statements = {name: _statements(workspace, name) for name in workspace.names}
    for architecture in contender.architectures:
        each_works(contender, workspace, statements, architecture=architecture)


def each_works(
    contender: Contender, workspace: Workspace, statements: Mapping[str, str], *, architecture: str
) -> None:
    """Run the statements for each layer in an image of the first runtime. Raises Wrong."""
    with tempfile.TemporaryDirectory(prefix="pylayer-bench-") as folder:
        layers = Path(folder, "layers")
        for name, text in statements.items():
            archive = contender.archive(workspace, name, architecture)
            if not archive.exists():
                raise Wrong(f"{archive.name}: was not made")
            _unpack(archive, layers / name)
            (layers / name / "statements").write_text(text, encoding="utf-8")
        _run(layers, runtime=workspace.runtimes[0], architecture=architecture)


def _code(archive: Path, name: str) -> str:
    if not archive.exists():
        raise Wrong(f"{archive.name}: was not made")
    if archive.is_dir():
        file = archive / "python" / name / "__init__.py"
        return file.read_text(encoding="utf-8") if file.exists() else ""
    with zipfile.ZipFile(archive) as members:
        return members.read(f"python/{name}/__init__.py").decode()


def _unpack(archive: Path, folder: Path) -> None:
    if archive.is_dir():
        shutil.copytree(archive, folder, symlinks=True)
        return
    with zipfile.ZipFile(archive) as members:
        members.extractall(folder)


def _statements(workspace: Workspace, name: str) -> str:
    modules = ", ".join((name, *workspace.requires))
    return f"import {modules}\nassert {name}.MARK == {workspace.marks[name]!r}\nassert {name}.step0(3) > 0\n"


def _run(layers: Path, *, runtime: str, architecture: str) -> None:
    image = workspaces.IMAGES[architecture].format(runtime=runtime)
    platform = Architecture(architecture).platform
    create = ("docker", "create", "--platform", platform, image, "python3", "-c", IMPORT_EACH)
    container = command(*create, cwd=layers).strip()
    try:
        command("docker", "cp", layers, f"{container}:/", cwd=layers)
        command("docker", "start", "--attach", container, cwd=layers)
    except Failed as error:
        raise Wrong(str(error)) from error
    finally:
        command("docker", "rm", "--force", "--volumes", container, cwd=layers)
