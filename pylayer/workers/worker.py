"""A job that another machine sent → the same job done by this one's engine: what runs in a worker process.

Several are done at once, in threads. A run's engine, with the build environments that are open in it, is kept
until other runs come.
"""

from __future__ import annotations

import atexit
import platform
import threading
from contextlib import contextmanager
from dataclasses import field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import pylayer
from pylayer import enginetable
from pylayer.dataclassing import dataclass
from pylayer.engines import ImageChoice, choose
from pylayer.engines.placing import EnginePlace
from pylayer.errors import PylayerError, UnexpectedError
from pylayer.state import opening
from pylayer.targets import Architecture
from pylayer.wheels import from_json
from pylayer.workers import parcels
from pylayer.workers.depot import AwayError, Depot
from pylayer.workers.parcels import SentAnswer, SentJob, SentQuestion, SentRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.digests import Digest
    from pylayer.engines import ListedEngine
    from pylayer.store import Store
    from pylayer.wheels import Wheel

_KEPT = 2  # runs whose engines stay open, though nothing of them is being done


def about() -> dict[str, str]:
    """What this worker is, for who looks whether it may take part."""
    machine = platform.machine()
    own = Architecture.of_machine(machine)
    return {
        "machine": platform.node(),
        "pylayer": pylayer.__version__,
        "code": parcels.code(),
        "architecture": own.value if own else machine,
    }


def perform(version: str, code: str, content: bytes) -> bytes:
    """Do what was sent, if it is of the same pylayer; gives a closed SentAnswer, whatever happens."""
    own = about()
    if refused := parcels.difference((own["pylayer"], own["code"]), (version, code)):
        return parcels.closed(SentAnswer(machine=own["machine"], refused=refused))
    return parcels.closed(replace(_performed(parcels.opened(content)), machine=own["machine"]))


def _performed(sent: SentJob | SentQuestion) -> SentAnswer:
    store = opening.store(note=_unheard)
    try:
        store.open()
        try:
            with _engine(sent.run, store) as engine:
                if isinstance(sent, SentQuestion):
                    python = engine.interpreter(sent.target)
                    had = bool(python.image) and engine.can_be_had(sent.target)
                    return SentAnswer(python=python, can_be_had=had)
                return _done(sent, engine, store)
        finally:
            store.close()
    except AwayError as error:
        return SentAnswer(away=str(error))
    except PylayerError as error:
        return SentAnswer(error=error)
    except Exception as bug:  # noqa: BLE001  told where the job is from
        return SentAnswer(error=UnexpectedError.of_bug(bug, where="a worker"))


def _unheard(_: str) -> None:
    """Tell nobody: what is damaged is made again."""


def _done(sent: SentJob, engine: ListedEngine, store: Store) -> SentAnswer:
    there = engine.interpreter(sent.target)
    if there.identity != sent.identity:
        image = sent.target.runtime.build_image[sent.target.architecture]
        return SentAnswer(refused=f"has another {image} than the one that this run uses")
    depot = Depot(sent.run.remote, folder=sent.run.folder)
    try:
        places = _fetched(sent.wanted, depot, store)
        job = parcels.received(sent, at=places.__getitem__)
        if sent.bare:
            build_env = engine.bare_env(sent.target)
        else:
            requirements, tools = (_wheels(each, places) for each in (sent.requirements, sent.tools))
            build_env = engine.build_env(sent.target, requirements, tools=tools)
        with store.scratch() as folder:
            began = perf_counter()
            done = build_env.run(job, into=folder)
            seconds = perf_counter() - began
            files, large = parcels.results(folder)
            depot.put(large)
        return SentAnswer(status=done.status, log=done.log, answer=done.answer, files=files, seconds=seconds)
    finally:
        depot.close()


def _fetched(wanted: Sequence[Digest], depot: Depot, store: Store) -> dict[Digest, Path]:
    """Have files in this machine's store, where the next job that needs them finds them."""
    places = {digest: path for digest in wanted if (path := store.blob(digest))}
    lacking = [digest for digest in wanted if digest not in places]
    if lacking:
        with store.scratch() as folder:
            depot.get({digest: folder / digest for digest in lacking})
            for digest in lacking:
                store.put_blob(folder / digest)
                places[digest] = store.place(digest)
    return places


def _wheels(listed: Sequence[Mapping[str, object]], places: Mapping[Digest, Path]) -> list[Wheel]:
    by_text = {str(digest): path for digest, path in places.items()}
    return [from_json(each, by_text[str(each["sha256"])]) for each in listed]


@dataclass(slots=True, kw_only=True)
class _OpenEngine:
    """An engine, and how many threads use it; `ready` is set once it is there, or is not to be had."""

    ready: threading.Event = field(default_factory=threading.Event)
    engine: ListedEngine | None = None
    error: PylayerError | None = None
    users: int = 0


_lock = threading.Lock()
_open: dict[str, _OpenEngine] = {}  # by the names of runs, the last used last


@contextmanager
def _engine(run: SentRun, store: Store) -> Iterator[ListedEngine]:
    """The engine of a run, which it has for itself: it takes the images that the run chose."""
    with _lock:
        first = run.name not in _open
        kept = _open.pop(run.name, None) or _OpenEngine()
        _open[run.name] = kept
        kept.users += 1
        idle = [name for name, each in _open.items() if not each.users]
        old = [_open.pop(name) for name in idle[: max(len(_open) - _KEPT, 0)]]
    for each in old:
        if each.engine:
            each.engine.close()
    try:
        if first:
            try:
                place = EnginePlace(kind=enginetable.ENGINES[run.engine])
                engine = choose.connect(place, store=store)
                engine.choose_images(ImageChoice(digests=run.digests, strict=run.strict))
                kept.engine = engine
            except PylayerError as error:
                kept.error = error
            finally:
                kept.ready.set()
        kept.ready.wait()
        if kept.engine is None:
            with _lock:
                _open.pop(run.name, None)  # the next job asks again
            what = kept.error.faults[0].what if kept.error else "it does not answer"
            raise AwayError(f"have no {enginetable.ENGINES[run.engine].title}: {what}")
        yield kept.engine
    finally:
        with _lock:
            kept.users -= 1


@atexit.register
def _close() -> None:
    """End what runs in engines."""
    with _lock:
        left = [each.engine for each in _open.values() if each.engine]
        _open.clear()
    for engine in left:
        engine.close()
