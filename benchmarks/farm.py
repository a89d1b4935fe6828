"""How much of workers' time is work: `python benchmarks/farm.py --document docs/many-machines.md`.

A scheduler of dask and its workers are real, each a process with a home and a store of its own, and all that
is done for a build is the product's code, but that the engine of workers sleeps for some seconds in place of
a build. So many workers can be looked at on a machine with few processors.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from factories import farms
from factories.buckets import Keys
from factories.fakes import FakeEngine
from factories.monorepo import empty

import pylayer
import results
from pylayer import enginetable
from pylayer.enginetable import EngineKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from factories.fakes import Ask

    from pylayer.store import Store

WORKERS = (2, 4, 8, 16)
STEPS = 8  # builds for each worker
SECONDS = 5.0
BEGIN, END = "<!-- of farm.py -->", "<!-- the end of farm.py -->"
_SECONDS = "FARM_SECONDS"


class Sleeper(FakeEngine):
    """An engine that takes as long for each build as the environment says."""

    @classmethod
    def connect(cls, *, store: Store, environ: Mapping[str, str], host: str = "") -> Self:  # noqa: ARG003
        """Make one; see `pylayer.engines.ListedEngine`."""
        return cls(backend=slept)


def slept(ask: Ask) -> dict[str, object]:
    """Give a wheel of one module, after a while."""
    time.sleep(float(os.environ[_SECONDS]))
    return {"files": {f"{ask.project}.py": b""}, "name": ask.project}


SLEEPER = EngineKind(
    name="sleeper",
    implemented_by="farm:Sleeper",
    title="the sleeper",
    at="in a dream",
    has_target_libc=True,
    has_images=True,
)


def dask_setup(_worker: object) -> None:
    """Make a process of dask's one whose engine sleeps."""
    begin()


def begin() -> None:
    """Have that engine in this process."""
    enginetable.ENGINES = {"sleeper": SLEEPER}


def main() -> None:
    """Measure, print, and keep it where it is wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long a build takes")
    parser.add_argument("--steps", type=int, default=STEPS, help="builds for each worker")
    parser.add_argument("--workers", type=int, nargs="*", default=WORKERS)
    parser.add_argument("--document", type=Path, help="Markdown file whose run is replaced by this one")
    options = parser.parse_args()
    begin()
    os.environ[_SECONDS] = str(options.seconds)
    head, efficiency, took = ["workers"], ["efficiency"], ["seconds"]
    for count in options.workers:
        seconds = measured(count, steps=options.steps)
        head.append(str(count))
        efficiency.append(f"{options.steps * options.seconds / seconds:.2f}")
        took.append(f"{seconds:.1f}")
        print(f"{count} workers: {seconds:.1f} s, {efficiency[-1]}", file=sys.stderr)
    machine = results.machine()
    text = (
        f"On {machine['processor']}, {machine['cores']} cores, load {machine['load']}: builds that sleep for "
        f"{options.seconds:g} s, {options.steps} for each worker, all of `pylayer layers` included.\n\n"
        f"| {' | '.join(head)} |\n|{' --- |' * len(head)}\n"
        f"| {' | '.join(efficiency)} |\n| {' | '.join(took)} |"
    )
    print(text)
    if options.document:
        before, _, rest = options.document.read_text(encoding="utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        options.document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def measured(count: int, *, steps: int) -> float:
    """Have so many workers build so many packages each; the seconds from the call to its end.

    Each has built one before: in a farm that stands, pylayer is imported.
    """
    folder = Path(tempfile.mkdtemp(prefix="farm-"))
    try:
        mono, keys = empty(folder), Keys(folder)
        names = [f"first{number:03}" for number in range(count)]
        for name in (*names, *(f"lib{number:03}" for number in range(count * steps))):
            mono.file(
                f"packages/{name}/pyproject.toml",
                '[build-system]\nrequires = []\nbuild-backend = "flit_core.buildapi"\n'
                f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.9"\n',
            )
            mono.file(f"packages/{name}/{name}.py", "")
        share = (folder / "share").as_uri()
        path = mono.manifest(
            f'packages = ["packages/*"]\nengine = "sleeper"\n[cache]\nremote = "{share}"\n'
            f'keys = ["""{keys.public}"""]\n[defaults]\nbytecode = false\nruntimes = ["python3.11"]\n'
            'architectures = ["x86_64"]\n'
        )
        os.environ["PYLAYER_CACHE_DIR"] = str(folder / "store")
        with farms.dask(folder / "farm", count=count, preload="farm") as address:
            pylayer.build(path, only="first*", workers=address).raise_for_errors()
            began = time.perf_counter()
            pylayer.build(path, only="lib*", workers=address).raise_for_errors()
            return time.perf_counter() - began
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
