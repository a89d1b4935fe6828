"""An engine's place, or why none of them will do → an engine in this process's environment, or one error."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pylayer.engines import Begun, ListedEngine
    from pylayer.engines.placing import EnginePlace
    from pylayer.enginetable import EngineKind
    from pylayer.errors import EngineError
    from pylayer.store import Store


def connect(place: EnginePlace, *, store: Store) -> ListedEngine:
    """Import and make an engine; raises EngineError, saying what was tried, where none answers."""
    engine: type[ListedEngine] = _imported(place.kind.implemented_by)
    return engine.connect(store=store, environ=os.environ, host=place.at)


def begin(kind: EngineKind, what: Mapping[str, str]) -> Begun | None:
    """Begin with what an engine began with, before it is imported, if there is a way to do that."""
    begun: Begun | None = _imported(kind.begun_by)(what) if kind.begun_by else None
    return begun


def nowhere(reasons: Sequence[EngineError]) -> EngineError:
    """One error of why each of some engines will not do, in the order in which they were asked.

    It is of the class of the last one, which comes first: that one was to do what the others cannot.
    """
    *earlier, last = reasons
    if not earlier:
        return last
    faults = [*last.faults, *(fault for reason in earlier for fault in reason.faults)]
    return type(last).of(list(dict.fromkeys(faults)), log=last.log)


def _imported(name: str) -> Any:  # noqa: ANN401  as the table says
    module, _, name = name.partition(":")
    return getattr(import_module(module), name)
