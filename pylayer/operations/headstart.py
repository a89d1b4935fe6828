"""What the last run of an edited workspace began with → the same, while pylayer is still being imported.

A container takes about as long to start as pylayer takes until it knows that it needs one.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pylayer.errors import PylayerError
from pylayer.store.kinds import HEAD_START

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pylayer.engines import Engine
    from pylayer.engines.placing import EnginePlace
    from pylayer.state.opening import WorkspaceState


@contextmanager
def taken(state: WorkspaceState, *, edited: bool) -> Iterator[Mapping[EnginePlace, Engine]]:
    """The engine of the last run, at work within the block, if something was `edited`; else none."""
    record = state.store.record(HEAD_START, state.key) if edited else None
    if record is None:
        yield {}
        return
    from pylayer import enginetable
    from pylayer.engines import choose

    kind = enginetable.ENGINES.get(record["engine"])
    if kind is None:
        yield {}
        return
    begun = choose.begin(kind, record["what"])
    from pylayer.engines.placing import EnginePlace

    place = EnginePlace(kind=kind, at=record["at"])
    try:
        engine = choose.connect(place, store=state.store)
    except BaseException as error:
        if begun:
            begun.close()
        if not isinstance(error, PylayerError):
            raise
        yield {}  # the run finds out, and says so
        return
    try:
        engine.begin(record["what"], begun)
        yield {place: engine}
    finally:
        engine.close()


def remember(state: WorkspaceState, began: tuple[EnginePlace, Mapping[str, str]] | None) -> None:
    """Keep what an engine began with; what is known already is not written once more."""
    if began is None:
        return
    place, what = began
    record = {"engine": place.kind.name, "at": place.at, "what": dict(what)}
    if state.store.record(HEAD_START, state.key) != record:
        state.store.put_record(HEAD_START, state.key, record)
