"""Engines and hosts → one smoke tester, which tries each archive where its target's architecture runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pylayer.engines import choose, placing
from pylayer.engines.once import Once
from pylayer.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pylayer.config.hosting import EngineSettings
    from pylayer.engines import ListedEngine
    from pylayer.engines.placing import EnginePlace
    from pylayer.engines.smoke import SmokeTest, SmokeTester, SmokeTestResult
    from pylayer.targets import Architecture, Target


class PlacedTester:
    """The testers of engines: of the host of an architecture, else of the first engine that answers.

    `connect` makes an engine at its first use, and raises EngineError where it does not answer; `note` hears
    once of each that does not.
    """

    def __init__(
        self,
        settings: EngineSettings,
        *,
        connect: Callable[[EnginePlace], ListedEngine],
        note: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._connect = connect
        self._note = note
        self._noted: set[str] = set()
        self._lock = threading.Lock()
        self._at: Once[EnginePlace, tuple[ListedEngine, SmokeTester]] = Once()
        self._for: Once[Architecture, SmokeTester] = Once()
        self._open: list[tuple[ListedEngine, SmokeTester]] = []
        self._closed = False

    def open(self) -> None:
        """Make the first engine that answers; raises EngineError where none does."""
        self._first(placing.every(self._settings))

    def identity(self, target: Target) -> str:
        """Ask where `target` runs; see `pylayer.engines.smoke.SmokeTester`."""
        return self._of(target).identity(target)

    def runs(self, target: Target) -> Target:
        """Ask where `target` runs; see `pylayer.engines.smoke.SmokeTester`."""
        return self._of(target).runs(target)

    def run(self, smoke_test: SmokeTest) -> SmokeTestResult:
        """Run it where its target runs; see `pylayer.engines.smoke.SmokeTester`."""
        return self._of(smoke_test.target).run(smoke_test)

    def close(self) -> None:
        """End all of them, and their engines; see `pylayer.engines.smoke.SmokeTester`."""
        with self._lock:
            self._closed = True
            ending, self._open = self._open, []
        for _, tester in ending:
            tester.close()
        for engine, _ in ending:
            engine.close()

    def _of(self, target: Target) -> SmokeTester:
        architecture = target.architecture

        def find() -> SmokeTester:
            return self._first(placing.places(self._settings, architecture), architecture)

        return self._for.get(architecture, find)

    def _first(self, places: Iterable[EnginePlace], architecture: Architecture | None = None) -> SmokeTester:
        """The tester of the first place that answers and may run it; raises why there is none."""
        reasons: list[EngineError] = []
        last: EnginePlace | None = None
        for place in places:
            if last is not None:
                self._fall_back(last, reasons[-1], place)
            try:
                engine, tester = self._at.get(place, lambda place=place: self._made(place))  # type: ignore[misc]
            except EngineError as error:
                reasons.append(error)
                last = place
                continue
            refusal = architecture and placing.refusal(self._settings, architecture, place, engine)
            if not refusal:
                return tester
            reasons.append(refusal)
            break
        raise choose.nowhere(reasons)

    def _made(self, place: EnginePlace) -> tuple[ListedEngine, SmokeTester]:
        engine = self._connect(place)
        made = engine, engine.smoke_tester()
        with self._lock:
            self._open.append(made)
            late = self._closed
        if late:  # an interrupt came meanwhile: nothing runs there any more
            self.close()
        return made

    def _fall_back(self, place: EnginePlace, error: EngineError, following: EnginePlace) -> None:
        text = f"{place.title} does not answer ({error.faults[0].what}): verifying {following.there}"
        with self._lock:
            known = place.title in self._noted
            self._noted.add(place.title)
        if not known:
            self._note(text)
