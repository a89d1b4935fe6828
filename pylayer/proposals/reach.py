"""A runtime → why this machine cannot build for it, with what to do; nothing where it can."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pylayer import enginetable
from pylayer.engines import choose
from pylayer.engines.placing import EnginePlace
from pylayer.errors import EngineError, StoreError
from pylayer.targets import Architecture, Target

if TYPE_CHECKING:
    from pylayer.errors import Fault
    from pylayer.store import Store
    from pylayer.targets import Runtime


class Reach:
    """Asks engines when something is to be known of them, and each runtime once.

    An engine with images is taken to have them all: no registry is asked.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Fault | None] = {}

    def lacks(self, runtime: Runtime) -> Fault | None:
        """Say what is missing here to build for a runtime."""
        if runtime.minor == sys.version_info.minor:
            return None
        if runtime.name not in self._known:
            self._known[runtime.name] = self._asked(runtime)
        return self._known[runtime.name]

    def _asked(self, runtime: Runtime) -> Fault | None:
        reasons: list[EngineError] = []
        for kind in enginetable.candidates(enginetable.AUTO):
            try:
                engine = choose.connect(EnginePlace(kind=kind), store=self._store)
                try:
                    if not kind.has_images:
                        own = engine.architecture or Architecture.X86_64
                        engine.reach(Target(runtime=runtime, architecture=own))
                finally:
                    engine.close()
            except EngineError as error:
                reasons.append(error)
            except StoreError:  # the first build will tell of that
                return None
            else:
                return None
        return choose.nowhere(reasons).faults[0]
