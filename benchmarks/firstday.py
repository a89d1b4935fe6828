"""A workspace that nobody built yet → when its first layer is there, and what a first build costs unbaked.

What people try a tool with, and what a fresh runner of a CI does: the first build. All have their downloads.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import cases
import workspaces
from contenders import LAYERS, Failed, command, environment, inherited
from results import Row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from contenders import Contender, Pylayer
    from workspaces import Workspace

ALONE = "pylayer, its smallest alone"
COUNT = 12


def first_line(*, lab: cases.Lab, pylayer: Pylayer, contenders: Sequence[Contender]) -> list[Row]:
    """Twelve packages, one of them in C: until the first of them is there, beside a package by itself."""
    row = Row(case=f"{COUNT} packages, one in C", step="the first layer is there", base=ALONE)
    rest = Row(case=row.case, step="all layers are there", base="pylayer")
    for number in range(lab.rounds):
        mark = f"first line {number}"
        alone = workspaces.small(cases.empty(lab.work / "alone"), count=1, mark=mark)
        pylayer.prepare(alone)
        row.add(ALONE, cases.clock(partial(pylayer.build, alone)))
        made = workspaces.with_native(cases.empty(lab.work / "first"), count=COUNT, mark=mark)
        pylayer.prepare(made)
        first, whole = _first_and_all(made)
        row.add("pylayer", first)
        rest.add("pylayer", whole)
        for contender in contenders:
            if contender is not pylayer:
                one = workspaces.small(cases.empty(lab.work / "first"), count=COUNT, mark=mark)
                contender.prepare(one)
                only = replace(one, names=one.names[:1])
                row.add(contender.name, cases.clock(partial(contender.build, only)))
                contender.finish(only)
        cases.say(f"{row.case}: first {first:.2f} s, all {whole:.2f} s; alone {row.seconds[ALONE][-1]:.2f} s")
    return [row, rest]


def fresh_runner(*, lab: cases.Lab, pylayer: Pylayer) -> list[Row]:
    """The first build, where the engine has the base images alone, beside one where it baked before."""
    row = Row(case="20 small packages", step="first build", base="pylayer")
    for number in range(lab.rounds):
        for name, baked in (("pylayer", True), ("pylayer, on a fresh runner", False)):
            mark = f"fresh {number} {baked}"
            made = workspaces.small(cases.empty(lab.work / "fresh"), count=20, mark=mark)
            if not baked:
                _unbake(lab.work)
            pylayer.prepare(made)
            row.add(name, cases.clock(partial(pylayer.build, made)))
            cases.say(f"{row.case}, first build: {name} {row.seconds[name][-1]:.2f} s")
    return [row]


def _unbake(folder: Path) -> None:
    """Take away the images that pylayer made for itself."""
    told = command("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "pylayer/env", cwd=folder)
    if tags := told.split():
        command("docker", "rmi", "--force", *tags, cwd=folder)


def _first_and_all(workspace: Workspace) -> tuple[float, float]:
    """Build; the seconds until the first line of a build that ended, and until the end. Raises Failed."""
    started = time.perf_counter()
    first = None
    with subprocess.Popen(
        LAYERS,
        cwd=workspace.root,
        env=inherited() | environment(workspace),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(line)
            if first is None and line.split()[1:2] == ["built"]:
                first = time.perf_counter() - started
    if process.returncode or first is None:
        raise Failed("".join(told)[-1500:])
    return first, time.perf_counter() - started
