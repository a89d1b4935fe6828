"""A run that asks for workers → those that may take part in it, and an engine whose builds they do."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic, sleep
from typing import TYPE_CHECKING

import pylayer
from pylayer.config.working import workers_address
from pylayer.dataclassing import dataclass
from pylayer.errors import Fault, ManifestError, UsageError
from pylayer.operations.sharing import place
from pylayer.tables import take
from pylayer.targets import Architecture
from pylayer.workers import parcels, worker
from pylayer.workers.depot import AwayError, Depot
from pylayer.workers.farengine import FarEngine
from pylayer.workers.parcels import SentRun
from pylayer.workers.pools import ExecutorPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor

    from pylayer.config.manifest import Manifest
    from pylayer.engines import Engine
    from pylayer.enginetable import EngineKind
    from pylayer.operations.sharing import Sharing
    from pylayer.workers.pools import WorkerPool

_MOST = 512  # builds that are given away at once
_PATIENCE = 10.0  # seconds for the first worker
_LOOK = 0.5
_WAITING = 2  # times as many as workers do at once: one that joins meanwhile has something to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """The workers of one run, `architecture` being this machine's own."""

    pool: WorkerPool
    depot: Depot
    run: SentRun
    architecture: Architecture
    note: Callable[[str], None]

    @property
    def places(self) -> int:
        """How many builds may be given to them at once."""
        return min(_WAITING * sum(self.pool.places.values()), _MOST)

    def engine(self, kind: EngineKind, connect: Callable[[], Engine]) -> FarEngine:
        """An engine of a kind whose builds they do; `connect` makes the one of this machine."""
        run = replace(self.run, engine=kind.name)
        return FarEngine(
            self.pool, self.depot, run=run, connect=connect, architecture=self.architecture, note=self.note
        )


@contextmanager
def employed(
    manifest: Manifest,
    asked: str | Executor,
    *,
    sharing: Sharing | None,
    own: str,
    note: Callable[[str], None],
) -> Iterator[Workers | None]:
    """Look for the workers that are `asked` for: at an address ("": that of layers.toml), or an executor's.

    `own` is what this machine's processor is called. None where there is none that can do anything. Raises
    ManifestError and UsageError for what cannot be meant, ToolError where an extra is not installed.
    """
    architecture = Architecture.of_machine(own)
    if architecture is None:
        raise UsageError(f"workers build what Lambda runs, and this machine is {own}", where="--workers")
    if sharing is None:
        raise UsageError(
            "files reach workers by the shared store, and there is none",
            where="--workers",
            hint="write `remote` and `keys` under [cache] in layers.toml (docs/many-machines.md)",
        )
    pool = _pool(manifest, asked)
    try:
        depot = _depot(manifest, sharing)
        try:
            _refuse_others(pool)
            workers = Workers(
                pool=pool,
                depot=depot,
                run=SentRun(
                    name=secrets.token_hex(16),
                    engine="",
                    remote=place(manifest),
                    folder=sharing.shared.folder,
                ),
                architecture=architecture,
                note=note,
            )
            if _come(workers):
                yield workers
            else:
                note(_none(pool))
                yield None
        finally:
            depot.close()
    finally:
        pool.close()


def _depot(manifest: Manifest, sharing: Sharing) -> Depot:
    try:
        return Depot(place(manifest), folder=sharing.shared.folder)
    except AwayError as error:
        raise UsageError(f"the workers {error}", where="--workers") from error


def _pool(manifest: Manifest, asked: str | Executor) -> WorkerPool:
    if not isinstance(asked, str):
        return ExecutorPool(asked)
    faults: list[Fault] = []
    address = take(workers_address, asked, default="", faults=faults, place="--workers") if asked else ""
    if faults:
        raise UsageError.of(faults)
    address = address or manifest.workers.at
    if not address:
        raise ManifestError(
            "has none, and --workers names no address either",
            where="layers.toml: workers.at",
            hint="write --workers dask://scheduler:8786",
        )
    from pylayer.workers.daskpool import DaskPool

    return DaskPool(address)


def _refuse_others(pool: WorkerPool) -> None:
    """Raise UsageError for all workers that would make something else than this machine."""
    faults = []
    hint = 'install the same "pylayer-lambda[workers,cache]" on all machines'
    for name, told in sorted(pool.each(worker.about).items()):
        if isinstance(told, str):
            faults.append(Fault(what=f"cannot take part: {told}", where=f"worker {name}", hint=hint))
        elif what := parcels.difference(
            (told["pylayer"], told["code"]), (pylayer.__version__, parcels.code())
        ):
            faults.append(Fault(what=what, where=f"worker {name} on {told['machine']}", hint=hint))
    if faults:
        raise UsageError.of(faults)


def _come(workers: Workers) -> bool:
    """Wait a while for the first worker that can do something: one may be starting."""
    until = monotonic() + _PATIENCE
    while not workers.places and monotonic() < until:
        sleep(_LOOK)
    return workers.places > 0


def _none(pool: WorkerPool) -> str:
    labels = " or ".join(f"{each.value}=N" for each in Architecture)
    return (
        f"{pool.about} has no worker that says what it runs (--resources {labels}): "
        "everything is built on this machine"
    )
