"""What a run did and when, and the layers.json that it replaced → two records, for `pylayer report`.

A run that finds nothing to do leaves them as they are, so they describe the last one that did something.
"""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pylayer.activity import SHORTEST
from pylayer.archives import catalogue
from pylayer.dataclassing import dataclass
from pylayer.errors import StoreError
from pylayer.stepnames import named
from pylayer.store.kinds import LAST_RUN, REPLACED
from pylayer.trail import Stretch

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from pylayer.archives.catalogue import Catalogue
    from pylayer.outcomes import Outcome
    from pylayer.state.opening import WorkspaceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that kept a run busy, from `started` to `ended` seconds after the run's own start."""

    step: str
    name: str
    started: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a build ended; `state` is an Outcome's.

    `stretches` are what kept it until its end, in seconds after the run's start: none where it was found
    made.
    """

    build: str
    state: str
    stretches: tuple[Stretch, ...] = ()

    @property
    def ended(self) -> float:
        """When it had ended, in seconds after the run's start; 0 where it was found made."""
        return self.stretches[-1].ended if self.stretches else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """A run: its start in seconds since the epoch, how long it took, what it did, how its builds ended."""

    began: float
    seconds: float
    spans: tuple[Span, ...] = ()
    builds: tuple[Ended, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """All that was done for one step: when, as (start, end), and for how long altogether (`busy`)."""

    step: str
    name: str
    spans: tuple[tuple[float, float], ...]

    @property
    def busy(self) -> float:
        """Seconds of all spans, those that overlap counted twice."""
        return sum(ended - started for started, ended in self.spans)


class Recorder:
    """Hears from a run's Graph of everything that it does; may be told from any thread."""

    def __init__(self) -> None:
        self._began = time.time()
        self._clock = time.perf_counter()
        self._spans: list[Span] = []

    def __call__(self, keys: Sequence[Hashable], *, started: float, ended: float) -> None:
        """Keep one piece of work; `keys` are those of the steps that it was done for, the first one first."""
        if ended - started >= SHORTEST:
            step, name = named(keys)
            begin, end = (round(moment - self._clock, 4) for moment in (started, ended))
            self._spans.append(Span(step=step, name=name, started=begin, ended=end))

    def finish(self, ends: Iterable[tuple[Outcome, Sequence[Stretch]]]) -> LastRun:
        """The whole run, which ends now; with each outcome what kept that build, in perf_counter's times."""
        return LastRun(
            began=self._began,
            seconds=round(time.perf_counter() - self._clock, 4),
            spans=tuple(sorted(self._spans, key=lambda span: (span.started, span.ended))),
            builds=tuple(
                Ended(
                    build=outcome.build,
                    state=outcome.state.value,
                    stretches=tuple(map(self._since_start, stretches)),
                )
                for outcome, stretches in ends
            ),
        )

    def _since_start(self, stretch: Stretch) -> Stretch:
        started, ended = (round(moment - self._clock, 4) for moment in (stretch.started, stretch.ended))
        return replace(stretch, started=started, ended=ended)


def steps(run: LastRun) -> list[Step]:
    """The spans of a run by step, in the order in which the steps began."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for span in run.spans:
        found.setdefault((span.step, span.name), []).append((span.started, span.ended))
    return [Step(step=step, name=name, spans=tuple(spans)) for (step, name), spans in found.items()]


def save(state: WorkspaceState, run: LastRun, *, before: bytes | None, after: bytes | None) -> None:
    """Keep `run`, and the layers.json that it replaced where it did."""
    state.store.put_record(LAST_RUN, state.key, asdict(run))
    if before is not None and before != after:
        # What is not UTF-8 is no layers.json, and found out when it is read.
        state.store.put_record(REPLACED, state.key, {"listing": before.decode(errors="replace")})


def load(state: WorkspaceState) -> LastRun | None:
    """The last run; None where there is none that this version understands."""
    if (record := state.store.record(LAST_RUN, state.key)) is None:
        return None
    return LastRun(
        began=record["began"],
        seconds=record["seconds"],
        spans=tuple(Span(**span) for span in record["spans"]),
        builds=tuple(
            Ended(
                build=ended["build"],
                state=ended["state"],
                stretches=tuple(Stretch(**stretch) for stretch in ended["stretches"]),
            )
            for ended in record["builds"]
        ),
    )


def replaced(state: WorkspaceState) -> Catalogue | None:
    """What layers.json said before the last run that changed it; None where nothing is known of that."""
    if (record := state.store.record(REPLACED, state.key)) is None:
        return None
    try:
        return catalogue.loads(record["listing"], where=catalogue.NAME)
    except StoreError:
        return None  # of another version
