"""Contenders and generated workspaces → rows: what is measured, in which order, and what must be so."""

from __future__ import annotations

import resource
import shutil
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import workspaces
from contenders import LAYERS, Failed, command, environment
from proofs import Wrong, edits_are_in, everything_imports
from results import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from contenders import Contender, Pylayer
    from workspaces import Workspace

INVOKE = "bare invoke"
GONE_THROUGH = "pylayer, all gone through"
PROCESSOR = "pylayer, processor"
EMPTY_TASK = "from invoke import task\n\n\n@task\ndef empty(context):\n    pass\n"
STARTS = 15
EDITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Where to measure, and how often: `rounds`, but none begins after `budget` seconds of one contender."""

    work: Path
    rounds: int
    budget: float


def life(
    case: str,
    *,
    lab: Lab,
    contenders: Sequence[Contender],
    make: Callable[[Path, str], Workspace],
) -> list[Row]:
    """First build, the same again, one line edited: everybody in turn, each round in a new workspace."""
    rows = [Row(case=case, step=step) for step in ("first build", "no change", "one line edited")]
    spent = dict.fromkeys((contender.name for contender in contenders), 0.0)
    for number in range(lab.rounds):
        for contender in contenders:
            if spent[contender.name] < lab.budget:
                spent[contender.name] += _live(contender, rows, lab=lab, make=make, number=number)
    return rows


def _live(
    contender: Contender, rows: list[Row], *, lab: Lab, make: Callable[[Path, str], Workspace], number: int
) -> float:
    """One round of one contender; gives the seconds that its builds took."""
    case = rows[0].case
    workspace = make(empty(lab.work / contender.name.replace(" ", "-")), f"{case}, {number}")
    contender.prepare(workspace)
    total, proven = 0.0, None
    for row in rows:
        if row is rows[-1]:
            workspace.edit(workspace.names[0], f"{case}, {number}, edited")
        seconds, why = timed(contender, workspace)
        try:
            edits_are_in(contender, workspace)
            if number == 0 and (made := _stamps(contender, workspace)) != proven:
                everything_imports(contender, workspace)
                proven = made
        except Wrong as error:
            why = why or str(error)
        row.add(contender.name, seconds)
        if why:
            row.wrong.setdefault(contender.name, why)
        say(f"{case}, {row.step}: {contender.name} {seconds:.2f} s{', wrong' if why else ''}")
        total += seconds
    contender.finish(workspace)
    return total


def warm(contender: Contender, *, lab: Lab) -> None:
    """Let `contender` download what the heavy layer needs, outside the timing."""
    workspace = workspaces.heavy(empty(lab.work / "warm"), mark="warm")
    contender.prepare(workspace)
    timed(contender, workspace)


def unchanged(count: int, *, lab: Lab, pylayer: Pylayer) -> list[Row]:
    """`count` packages × 2 runtimes × 2 architectures with nothing to do, against invoke's empty task.

    With one line edited, against the same where layers.toml was touched as well: then all is gone through.
    """
    root = empty(lab.work / f"unchanged-{count}")
    runtimes = ("python3.11", "python3.13")
    workspace = workspaces.small(root, count=count, mark="once", runtimes=runtimes, static=True)
    (root / "tasks.py").write_text(EMPTY_TASK, encoding="utf-8")
    pylayer.prepare(workspace)
    seconds, why = timed(pylayer, workspace)
    say(f"{count} packages × 2 runtimes × 2 architectures: built in {seconds:.1f} s")
    row = Row(case=f"{count} packages × 2 runtimes × 2 architectures", step="no change", base=INVOKE)
    if why:
        row.wrong["pylayer"] = why
    bare = (sys.executable, "-m", "invoke", "empty")
    for _ in range(STARTS):  # in turn, so that a noisy minute of the machine meets both
        row.add(INVOKE, clock(lambda: command(*bare, cwd=root)))
        row.add("pylayer", clock(lambda: command(*LAYERS, cwd=root, env=environment(workspace))))
    try:
        edits_are_in(pylayer, workspace)
    except Wrong as error:
        row.wrong.setdefault("pylayer", str(error))
    say(f"{row.case}, no change: {row.median('pylayer'):.3f} s, bare invoke {row.median(INVOKE):.3f} s")
    return [row, _edited(workspace, pylayer, row.case)]


def _edited(workspace: Workspace, pylayer: Pylayer, case: str) -> Row:
    row = Row(case=case, step="one line edited")
    manifest = workspace.root / "layers.toml"
    for number in range(EDITS):
        for column in ("pylayer", GONE_THROUGH):
            workspace.edit(workspace.names[len(workspace.names) // 2], f"edited {number}, {column}")
            if column == GONE_THROUGH:
                manifest.write_text(manifest.read_text(encoding="utf-8") + "# again\n", encoding="utf-8")
            seconds, why = timed(pylayer, workspace)
            row.add(column, seconds)
            if why:
                row.wrong.setdefault(column, why)
    try:
        edits_are_in(pylayer, workspace)
    except Wrong as error:
        row.wrong.setdefault("pylayer", str(error))
    say(f"{case}, edited: {row.median('pylayer'):.2f} s, all gone through {row.median(GONE_THROUGH):.2f} s")
    return row


def growth(counts: Sequence[int], *, lab: Lab, pylayer: Pylayer) -> list[Row]:
    """What ever more packages take for each build: a first time, and where all of it is found made.

    Beside the seconds that pass, those of a processor: of pylayer itself and what it starts on this host.
    """
    steps = ("first build, for each", "all is found made, for each")
    rows = {
        (count, step): Row(case=f"{count} small packages", step=step) for count in counts for step in steps
    }
    for _ in range(lab.rounds):
        for count in counts:
            workspace = workspaces.small(empty(lab.work / f"growth-{count}"), count=count, mark="once")
            pylayer.prepare(workspace)
            builds = count * len(pylayer.architectures)
            for step in steps:
                row = rows[count, step]
                before = _processors()
                seconds, why = timed(pylayer, workspace)
                busy = _processors() - before
                row.add("pylayer", seconds / builds)
                row.add(PROCESSOR, busy / builds)
                if why:
                    row.wrong.setdefault("pylayer", why)
                say(f"{row.case}, {step}: {seconds:.2f} s, of a processor {busy:.2f} s")
                manifest = workspace.root / "layers.toml"  # else it would not be gone through once more
                manifest.write_text(manifest.read_text(encoding="utf-8") + "# again\n", encoding="utf-8")
    return list(rows.values())


def _processors() -> float:
    """The processor's seconds of all that this process has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def say(line: str) -> None:
    """Tell the person who waits how far it is."""
    print(line, file=sys.stderr, flush=True)


def _stamps(contender: Contender, workspace: Workspace) -> list[int]:
    """When each archive was last written, in nanoseconds."""
    return [
        contender.archive(workspace, name, architecture).stat().st_mtime_ns
        for name in workspace.names
        for architecture in contender.architectures
    ]


def timed(contender: Contender, workspace: Workspace) -> tuple[float, str]:
    """Build; give the seconds, and why it failed if it did."""
    start = time.perf_counter()
    try:
        contender.build(workspace)
    except Failed as error:
        return time.perf_counter() - start, str(error)
    return time.perf_counter() - start, ""


def clock(action: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def empty(folder: Path) -> Path:
    """A new folder, and no store beside it."""
    for each in (folder, folder.with_name(f"{folder.name}-store")):
        shutil.rmtree(each, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
