"""Layers of the same distributions → how long their first import takes in the runtime, as on Lambda.

One layer is pylayer's, with its bytecode; the other is `pip install --target` and `zip`, bytecode and all.
That is stale once unpacked: its sources' dates are not those that pip saw, and nobody can write it anew in a
read-only folder. Both are unpacked at /opt in containers of the runtime, as `pylayer verify` does it, and
each import has a new process.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import rivals
import workspaces
from contenders import command
from pylayer.config import manifest as manifests
from pylayer.engines import choose
from pylayer.engines.placing import EnginePlace
from pylayer.engines.smoke import SmokeTest
from pylayer.enginetable import ENGINES
from pylayer.store import Store
from pylayer.targets import Architecture, Target
from results import Row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from contenders import Pylayer
    from pylayer.engines.smoke import SmokeTester

PYLAYER, PIP = "pylayer", "pip --target + zip"
MODULES = ("pandas", "pydantic", "requests")


def measure(work: Path, *, rounds: int, pylayer: Pylayer) -> list[Row]:
    """Every module from either layer in turn, `rounds` times, after one round that only warms."""
    folder = work / "imports"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(folder.with_name(f"{folder.name}-store"), ignore_errors=True)
    workspace = workspaces.heavy(folder, mark="imports")
    pylayer.prepare(workspace)
    pylayer.build(workspace)
    archives = {
        PYLAYER: pylayer.archive(workspace, workspace.names[0], rivals.ARCHITECTURE),
        PIP: _by_pip(work, folder),
    }
    rows = [Row(case="first import from a layer", step=module) for module in MODULES]
    runtimes = manifests.read(folder / manifests.MANIFEST_NAME)[0].runtimes
    target = Target(runtime=runtimes[rivals.RUNTIME], architecture=Architecture(rivals.ARCHITECTURE))
    tester = choose.connect(EnginePlace(kind=ENGINES["docker"]), store=Store(folder / "cache")).smoke_tester()
    try:
        for number in range(rounds + 1):
            for name, archive in archives.items():
                seconds = _seconds(tester, archive, target=target)
                if number:
                    for row in rows:
                        row.add(name, seconds[row.step])
    finally:
        tester.close()
    return rows


def _by_pip(work: Path, folder: Path) -> Path:
    """What everybody's guide says: install into `python/`, zip it."""
    rivals.python_venv(work / "pip")
    house = rivals.wheelhouse(work / "wheels", venv=work / "pip", requirements=rivals.ALL)
    asset = folder / "pip"
    platforms = rivals.platforms()
    command(
        *(work / "pip" / "bin" / "python", "-m", "pip", "install", "--quiet", "--target", asset / "python"),
        *("--no-index", "--find-links", house, "--only-binary", ":all:"),
        *("--python-version", rivals.PYTHON, *platforms, *workspaces.HEAVY),
        cwd=folder,
        env={"PYTHONDONTWRITEBYTECODE": ""},
    )
    archive = folder / "pip.zip"
    rivals.zip_folder(asset, archive)
    return archive


def _seconds(tester: SmokeTester, archive: Path, *, target: Target) -> Mapping[str, float]:
    smoke_test = SmokeTest(name=archive.name, target=target, archives=(archive,), modules=MODULES)
    imports = tester.run(smoke_test).answer["imports"]
    if errors := [imported["error"] for imported in imports if imported["error"]]:
        raise SystemExit(f"{archive.name} does not work: {os.linesep.join(errors)}")
    return {imported["module"]: imported["seconds"] for imported in imports}
