"""The heavy layer → how long checking its archives takes by itself, beside how long building them took.

A build checks its archives, and remembers what it found for as long as they are the same. Here the checks run
again with nothing remembered, neither of the archives nor of the ELF files in them.
"""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import workspaces
from pylayer import checks, wheels
from pylayer.archives import catalogue
from pylayer.config.manifest import LOCK_NAME, MANIFEST_NAME
from pylayer.locks import lock as locks
from pylayer.monorepo import workspace
from pylayer.store import Store
from results import Row

if TYPE_CHECKING:
    from pathlib import Path

    from contenders import Pylayer
    from pylayer.config.layers import Build

CHECKS, BUILD = "its checks alone", "pylayer, first build"


def measure(work: Path, *, rounds: int, pylayer: Pylayer) -> Row:
    """Build and check both architectures, `rounds` times, each in a new workspace."""
    row = Row(case="heavy layer", step="both architectures", base=CHECKS)
    for number in range(rounds):
        folder = work / "checking"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(folder.with_name(f"{folder.name}-store"), ignore_errors=True)
        made = workspaces.heavy(folder, mark=f"checking {number}")
        pylayer.prepare(made)
        start = time.perf_counter()
        pylayer.build(made)
        row.add(BUILD, time.perf_counter() - start)
        layers = layers_of(folder)
        start = time.perf_counter()
        for layer, build in layers:
            problems = checks.check(layer, target=build.target, local=made.names)
            if errors := [
                str(problem.fault(build.id)) for problem in problems if problem.severity == "error"
            ]:
                row.wrong[BUILD] = "\n".join(errors)
        row.add(CHECKS, time.perf_counter() - start)
    return row


def layers_of(folder: Path) -> list[tuple[checks.LayerArchive, Build]]:
    """The archives of a built workspace, each with the wheels that are in it."""
    found = workspace.load(folder / MANIFEST_NAME)
    locked = locks.read(folder / LOCK_NAME)
    assert locked is not None
    store = Store(folder.with_name(f"{folder.name}-store"), note=print)
    entries = catalogue.read(found.manifest.output / catalogue.NAME).builds
    layers = []
    for build in found.builds:
        names = {pin.sha256: pin.filename for pin in locked.builds[build.id].pins}
        entry = entries[build.id]
        contents = []
        for distribution in entry.distributions:
            path = store.blob(distribution.sha256)
            assert path is not None
            filename = names.get(
                distribution.sha256, f"{distribution.name}-{distribution.version}-py3-none-any.whl"
            )
            contents.append(wheels.read(path, filename=filename))
        path = found.manifest.output / entry.path
        layers.append((checks.LayerArchive(layer=build.layer.name, path=path, wheels=tuple(contents)), build))
    return layers
