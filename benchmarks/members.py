"""The heavy layer → how long looking at its wheels' members takes by itself, beside builds.

A first build looks at each member of a wheel that it has not seen; here that is done again with nothing
remembered, for the wheels of both architectures, and once more with all of it remembered, as in every later
build. zipfile does the same to the same wheels, without RECORD's hashes.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import workspaces
from checking import layers_of
from pylayer import soundness
from pylayer.graph import Graph, together
from pylayer.store import Store
from results import Row

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence
    from pathlib import Path

    from contenders import Pylayer
    from pylayer.wheels import Wheel

LOOK, REMEMBERED, ZIPFILE = "its members alone", "remembered", "zipfile's testzip"
BUILD, EDIT = "pylayer, first build", "pylayer, one line edited"


def measure(work: Path, *, rounds: int, pylayer: Pylayer) -> Row:
    """Build, edit, and look at all members, `rounds` times, each in a new workspace."""
    row = Row(case="heavy layer", step="members of its wheels", base=LOOK)
    folder, known = work / "members", work / "members-known"
    for number in range(rounds):
        for each in (folder, folder.with_name(f"{folder.name}-store"), known):
            shutil.rmtree(each, ignore_errors=True)
        made = workspaces.heavy(folder, mark=f"members {number}")
        pylayer.prepare(made)
        with _timed(row, BUILD):
            pylayer.build(made)
        made.edit("libheavy", f"members {number}, edited")
        with _timed(row, EDIT):
            pylayer.build(made)
        found = {wheel.sha256: wheel for layer, _ in layers_of(folder) for wheel in layer.wheels}
        for name in (LOOK, REMEMBERED):
            with _timed(row, name):
                asyncio.run(_look(list(found.values()), Store(known)))
        with _timed(row, ZIPFILE):
            for wheel in found.values():
                with zipfile.ZipFile(wheel.path) as archive:
                    if damaged := archive.testzip():
                        row.wrong[ZIPFILE] = damaged
    return row


async def _look(wheels: Sequence[Wheel], store: Store) -> None:
    graph = Graph(jobs=os.cpu_count() or 1)
    steps: list[Awaitable[None]] = [soundness.ensure(wheel, graph=graph, store=store) for wheel in wheels]
    await together(steps)
    await graph.stop()


@contextmanager
def _timed(row: Row, name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    row.add(name, time.perf_counter() - start)
