"""This machine → what `pylayer --version` says of it, at once; with `-v` also of its engines."""

from __future__ import annotations

import platform
from concurrent.futures import Future
from concurrent.futures import TimeoutError as OverdueError
from threading import Thread
from typing import TYPE_CHECKING

from pylayer import __version__, enginetable
from pylayer.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pylayer.enginetable import EngineKind

PATIENCE = 5.0  # seconds for an engine to answer


def told(*, engines: bool) -> Iterator[str]:
    """One line: the version, Python's and the platform; with `engines` one for each of them, in words."""
    system = f"{platform.system()} {platform.machine()}"
    yield f"pylayer {__version__} (Python {platform.python_version()}, {system})"
    for kind in enginetable.ENGINES.values() if engines else ():
        yield f"{kind.name:<8} {_about(kind)}"


def _about(kind: EngineKind) -> str:
    answer: Future[str] = Future()
    Thread(target=_ask, args=(kind, answer), daemon=True).start()
    try:
        return answer.result(timeout=PATIENCE)
    except OverdueError:
        return f"does not answer within {PATIENCE:.0f} s"


def _ask(kind: EngineKind, answer: Future[str]) -> None:
    from contextlib import closing

    from pylayer.engines import choose
    from pylayer.engines.placing import EnginePlace
    from pylayer.state import opening

    try:
        store = opening.store(note=lambda _: None)
        with closing(choose.connect(EnginePlace(kind=kind), store=store)) as engine:
            answer.set_result(engine.about)
    except EngineError as error:
        answer.set_result(f"not available: {error.faults[0].what}")
    except Exception as bug:  # noqa: BLE001  it is told in place of the engine
        answer.set_result(f"cannot be asked: {bug}")
