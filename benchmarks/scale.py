"""How far one more machine helps: `python benchmarks/scale.py --document docs/many-machines.md`.

Measured are what wheels take, built by the engine that is here, and a plan of 5,000 packages in which nothing
changed: all of it is the product's code but an engine and an index that do nothing (of tests/factories).
Machines are simulated: each builds the share that the product's own division gives it, longest first, on four
processors, each wheel taking what one of its kind took. Their start, and the bucket, are not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from factories.fakes import FakeEngine, FakeIndex, FakeRun

import results
import workspaces
from contenders import command
from pylayer.building.pace import Pace, WheelStep
from pylayer.locks.lock import Lock
from pylayer.monorepo.trees import FileHashes
from pylayer.operations import dividing
from pylayer.operations.dividing import MissingWheel
from pylayer.operations.foresight import Foresight, sources_by
from pylayer.operations.missing import Finder
from pylayer.targets import Architecture, Target, load_runtimes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from pylayer.building.context import RunContext
    from pylayer.building.projects import Projects
    from pylayer.operations.missing import Missing
    from pylayer.wheels import Wheel

PACKAGES = 5000
RUNTIMES = ("python3.10", "python3.11", "python3.12", "python3.13")
NEXT = "python3.14"
ARCHITECTURES = ("x86_64", "arm64")
RUNNERS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
KINDS = {"static": 0.9, "dynamic": 0.05, "native": 0.05}  # of a hundred packages, how many
BEGIN, END = "<!-- of scale.py -->", "<!-- its end -->"


def main() -> None:
    """Measure, simulate, print, and keep it where it is wanted."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.measured:
        kept = json.loads(options.measured.read_text(encoding="utf-8"))
    else:
        kept = {"took": measured(options.work), "planned": planning(options.work, count=options.packages)}
        kept["machine"] = results.machine()
        (options.work / "measured.json").write_text(json.dumps(kept), encoding="utf-8")
    took = kept["took"]
    text = "\n\n".join([_told(**kept, count=options.packages), *_tables(took, count=options.packages)])
    print(text)
    if options.document:
        before, _, rest = options.document.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        options.document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def measured(work: Path) -> dict[str, list[float]]:
    """Build some packages of each kind by the engine that is here; the seconds of each wheel, by kind."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(dir=work) as folder:
        for kind in KINDS:
            root = Path(folder, kind)
            if kind == "native":
                shop = workspaces.with_native(root, count=1, mark="a")
            else:
                shop = workspaces.small(root, count=8, mark="a", static=kind == "static")
            env = {"PYLAYER_CACHE_DIR": str(root / "store")}
            found[kind] = []
            for mark in ("b", "c", "d") if kind == "native" else ("b",):
                command(sys.executable, "-m", "pylayer", "wheels", cwd=root, env=env)
                for name in shop.names:
                    shop.edit(name, mark)
                told = command(sys.executable, "-m", "pylayer", "plan", "--output", "plan", cwd=root, env=env)
                wheels = json.loads((root / "plan").read_text())["wheels"]
                found[kind] += [wheel["seconds"] for wheel in wheels]
                print(f"{kind}: {told.strip().splitlines()[-1]}", file=sys.stderr)
    return found


def planning(work: Path, *, count: int) -> Mapping[str, float]:
    """Plan for packages of which all wheels are there, and where one changed; seconds of processors."""
    root = work / f"plan-{count}" / "mono"
    if not root.exists():
        _monorepo(root, count)
    found = {}
    for name in ("first", "nothing changed", "a leaf changed"):
        if name == "a leaf changed":
            leaf = root / f"packages/lib{count - 1:04}/lib{count - 1:04}.py"
            leaf.write_text(f'"""Changed at {time.time()}."""\n', encoding="utf-8")
        began = _processors()
        run = FakeRun(root, engine=FakeEngine(), index=_Index(root.parent / "index"))
        missing = run.do(_looking(run), dry=True)
        found[name] = _processors() - began
        found[f"{name}: missing"] = len(missing.wheels)
        print(f"{name}: {found[name]:.1f} s, {len(missing.wheels)} missing", file=sys.stderr)
        run.do(_filling(missing))
    return found


class _Index(FakeIndex):
    """Has the wheel of a build requirement at hand, as a run has that of the lock."""

    def wheel(self, name: str, version: str = "") -> Wheel:
        """Make it once."""
        if name not in self._made:
            self._made[name] = super().wheel(name, version)
        return self._made[name]

    @cached_property
    def _made(self) -> dict[str, Wheel]:
        return {}


def _looking(run: FakeRun) -> Callable[[RunContext, Projects], Awaitable[Missing]]:
    async def look(context: RunContext, projects: Projects) -> Missing:
        sources = sources_by(FileHashes())  # as on a machine that never saw them
        foresight = Foresight(run.workspace, lock=Lock(), store=context.store, sources=sources)
        return await Finder(projects, foresight, pace=Pace(context.store, {})).found(run.workspace.builds)

    return look


def _filling(missing: Missing) -> Callable[[RunContext, Projects], Awaitable[None]]:
    async def fill(_: RunContext, projects: Projects) -> None:
        for wheel in missing.wheels:
            await asyncio.gather(*(projects.built(wheel.step.project, each) for each in wheel.targets))

    return fill


def _monorepo(root: Path, count: int) -> None:
    """Packages in a tree: each needs the one above it, so that all need the root."""
    for number in range(count):
        name, folder = f"lib{number:04}", root / f"packages/lib{number:04}"
        folder.mkdir(parents=True)
        needs = f'"lib{(number - 1) // 8:04}"' if number else ""
        (folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"\n'
            f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.9"\n'
            f"dependencies = [{needs}]\n",
            encoding="utf-8",
        )
        (folder / f"{name}.py").write_text(f'"""{name}."""\n', encoding="utf-8")
    runtimes, architectures = json.dumps(RUNTIMES), json.dumps(ARCHITECTURES)
    (root / "layers.toml").write_text(
        f'packages = ["packages/*"]\n[defaults]\nruntimes = {runtimes}\narchitectures = {architectures}\n',
        encoding="utf-8",
    )


def _processors() -> float:
    """Seconds that this process kept processors busy."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def kinds(count: int) -> Iterator[tuple[str, str]]:
    """The packages of the simulation, and of which kind each is."""
    chance = random.Random(1)
    for number in range(count):
        yield f"lib{number:04}", chance.choices([*KINDS], [*KINDS.values()])[0]


def of_package(
    name: str, kind: str, took: Mapping[str, Sequence[float]], *, runtimes: Sequence[str] = RUNTIMES
) -> Iterator[MissingWheel]:
    """The wheels of one package: as many as `plan` finds of its kind."""
    chance = random.Random(name)
    every = [Target(runtime=load_runtimes()[each], architecture=Architecture.X86_64) for each in runtimes]
    for builder in every[:1] if kind == "static" else every:
        ways = [f"cross for {builder.runtime.name}-{each}" for each in ARCHITECTURES]
        for way in ways if kind == "native" else [""]:
            step = WheelStep(project=name, builder=builder, way=way)
            yield MissingWheel(step=step, targets=(builder,), seconds=chance.choice(took[kind]))


def cases(took: Mapping[str, Sequence[float]], count: int) -> dict[str, list[MissingWheel]]:
    """What is missing after what."""
    every = dict(kinds(count))
    cold = [wheel for name, kind in every.items() for wheel in of_package(name, kind, took)]
    leaf = [*of_package("leaf", "native", took)]
    runtime = [
        wheel
        for name, kind in every.items()
        if kind != "static"
        for wheel in of_package(name, kind, took, runtimes=[NEXT])
    ]
    return {
        "cold, or another build backend": cold,
        "an edit in a leaf with native code": leaf,
        "an edit in the root, which all need to run": [*of_package("root", "static", took)],
        "a new runtime": runtime,
    }


def as_before(wheel: MissingWheel) -> float:
    """What a wheel takes that takes what it took."""
    return wheel.seconds


def otherwise(wheel: MissingWheel) -> float:
    """What a wheel takes of which nothing but half or twice that is known."""
    return wheel.seconds * 2 ** random.Random(wheel.step.name).uniform(-1, 1)


def makespan(
    shares: Sequence[Sequence[MissingWheel]],
    processors: int,
    taking: Callable[[MissingWheel], float] = as_before,
) -> float:
    """When the last machine ends, each of which builds its wheels in their order."""
    ends = []
    for share in shares:
        free = [0.0] * processors
        for wheel in share:
            heapq.heapreplace(free, free[0] + taking(wheel))
        ends.append(max(free))
    return max(ends, default=0.0)


def _tables(took: Mapping[str, Sequence[float]], *, count: int) -> Iterator[str]:
    processors = dividing.PROCESSORS
    head = ["machines", *map(str, RUNNERS)]
    yield f"What each division comes to, on machines of {processors} processors: efficiency, and seconds."
    for name, missing in cases(took, count).items():
        work = sum(wheel.seconds for wheel in missing)
        longest = max(wheel.seconds for wheel in missing)
        by_plan, by_names, seconds = ["plan"], ["by names"], ["plan, seconds"]
        noisy = ["plan, where each takes half to twice that"]
        real, slowest = sum(map(otherwise, missing)), max(map(otherwise, missing))
        for runners in RUNNERS:
            ideal = max(work / (runners * processors), longest)
            end = makespan(_planned(missing, runners), processors)
            bound = "" if work / (runners * processors) >= longest else "*"
            by_plan.append(f"{ideal / end:.2f}{bound}")
            by_names.append(f"{ideal / makespan(_named(missing, runners), processors):.2f}{bound}")
            seconds.append(f"{end:.1f}")
            even = max(real / (runners * processors), slowest)
            noisy.append(f"{even / makespan(_planned(missing, runners), processors, otherwise):.2f}")
        chosen = len(dividing.divided(missing, own=Architecture.X86_64, most=max(RUNNERS)))
        told = (
            f"**{name}**: {len(missing)} wheels, {work:.0f} s of one processor, the longest {longest:.1f} s; "
        )
        rows = "\n".join(f"| {' | '.join(row)} |" for row in (by_plan, noisy, by_names, seconds))
        yield (
            f"{told}`plan` by itself takes {chosen} machine{'s' if chosen != 1 else ''}.\n\n"
            f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n{rows}"
        )
    yield (
        "Efficiency is how much of the machines' time is work. `*`: there, the longest wheel takes longer "
        "than an even share of all work, and it is compared with that one alone."
    )


def _planned(missing: Sequence[MissingWheel], runners: int) -> list[tuple[MissingWheel, ...]]:
    shares = dividing.divided(missing, shards=runners, own=Architecture.X86_64, most=max(RUNNERS))
    return [share.wheels for share in shares]


def _named(missing: Sequence[MissingWheel], runners: int) -> list[list[MissingWheel]]:
    numbers = dividing.hashed(sorted({wheel.step.project for wheel in missing}), {}, of=runners)
    shares: list[list[MissingWheel]] = [[] for _ in range(runners)]
    for wheel in sorted(missing, key=lambda wheel: -wheel.seconds):
        shares[numbers[wheel.step.project] - 1].append(wheel)
    return shares


def _told(
    *,
    took: Mapping[str, Sequence[float]],
    planned: Mapping[str, float],
    machine: Mapping[str, str | int],
    count: int,
) -> str:
    wheels = ", ".join(
        f"{kind} {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"
        for kind, seconds in took.items()
    )
    shares = ", ".join(f"{share:.0%} {kind}" for kind, share in KINDS.items())
    return (
        f"On {machine['processor']}, {machine['cores']} cores, load {machine['load']}: wheels took {wheels}. "
        f"{count:,} packages ({shares}) for {len(RUNTIMES)} runtimes and both architectures.\n\n"
        f"A plan for {count:,} static packages, {count * len(RUNTIMES) * 2:,} builds, where nothing changed: "
        f"{planned['nothing changed']:.1f} s of one processor, in which every file is read; where one did: "
        f"{planned['a leaf changed']:.1f} s."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packages", type=int, default=PACKAGES)
    parser.add_argument("--measured", type=Path, help="measured.json of a run before: only simulate")
    parser.add_argument("--document", type=Path, help="Markdown file whose run is replaced by this one")
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir(), "pylayer-scale"), help="folder to work in"
    )
    options = parser.parse_args()
    options.work = options.work.absolute()
    return options


if __name__ == "__main__":
    os.environ.pop("PYLAYER_CACHE_KEY", None)
    main()
