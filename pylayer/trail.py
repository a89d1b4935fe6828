"""What steps did, waited for and when → what kept one of them from its end, moment by moment.

It is read backwards: at each moment, what a step needed last is what it waited for; and what it awaited is
asked in turn. So a build that waits for a wheel that waits for an image waits for the image.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from pylayer.activity import SHORTEST, Work
from pylayer.dataclassing import dataclass
from pylayer.stepnames import build_of, layer_of, named

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

_SHORTEST_TOLD = 0.01  # seconds
PROCESSOR, CONNECTION = "processor", "connection"

# What is done for all, or by somebody else: whoever needs it can but wait.
_FOR_ALL = frozenset({PROCESSOR, CONNECTION, "download", "pull", "lock", "engine", "zig"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a build was at, or waited for, for a while: a step's word and name (see `stepnames`).

    `by` is the build that a step was begun for, where that is another layer's. Times are perf_counter's, or
    seconds after a run's start where they are kept.
    """

    step: str
    name: str
    by: str
    started: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.started

    @property
    def waited(self) -> bool:
        """Whether the build waited, rather than being worked on."""
        return bool(self.by) or self.step in _FOR_ALL


class _Passage(NamedTuple):
    """A while of a step: it waited for the step `awaited` or in a `queue`, or did `work`."""

    ended: float
    started: float
    awaited: Hashable = None
    queue: str = ""
    work: Work | None = None


_Telling = tuple[str, str, str]  # step, name and by of a Stretch


class Trail:
    """What the steps of one run spent their time with; to be told from the thread of its event loop.

    `whole` is the work of the run itself, outside of all steps: who has it done says so (`Activity.at`).
    """

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.whole = Work()
        self._passages: dict[Hashable, list[_Passage]] = {}
        self._for: dict[Hashable, tuple[Hashable, ...]] = {}  # by step, those it was begun for, and itself

    def begun(self, keys: tuple[Hashable, ...]) -> None:
        """Keep what the last of some steps was begun for."""
        self._for.setdefault(keys[-1], keys)

    def awaited(self, step: Hashable, key: Hashable, *, started: float, ended: float) -> None:
        """Keep that `step` (None: none, but the run itself) waited for the step `key`."""
        if ended - started >= SHORTEST:
            self._passages.setdefault(step, []).append(_Passage(ended, started, awaited=key))

    def worked(self, step: Hashable, work: Work, *, asked: float, queue: str) -> None:
        """Keep a piece of work of `step` that had ended, and that it stood in `queue` since `asked`."""
        assert work.ended is not None
        passages = self._passages.setdefault(step, [])
        if work.started - asked >= SHORTEST:
            passages.append(_Passage(work.started, asked, queue=queue))
        if work.ended - work.started >= SHORTEST:
            passages.append(_Passage(work.ended, work.started, work=work))

    def of(self, build: str) -> tuple[Stretch, ...]:
        """What kept a build, from the run's start until now, in order."""
        step = ("build", build)
        now = time.perf_counter()
        first = min((passage.started for passage in self._passages.get(step, ())), default=now)
        back = [
            *self._walked(step, max(first, self.began), now, (step,)),
            *self._walked(None, self.began, first, ()),
        ]
        found = []
        for (word, name, by), started, ended in reversed(back):
            other = "" if layer_of(by) == layer_of(build) or word in _FOR_ALL else by
            found.append(((word, name, other), started, ended))
        return tuple(
            Stretch(step=word, name=name, by=by, started=started, ended=ended)
            for (word, name, by), started, ended in _joined(
                found, shortest=min(_SHORTEST_TOLD, (now - self.began) / 200)
            )
        )

    def _walked(
        self, step: Hashable, low: float, high: float, path: tuple[Hashable, ...]
    ) -> Iterator[tuple[_Telling, float, float]]:
        """What `step` was at between two moments, the last first; `path` has the steps that lead to it."""
        at = high
        for passage in sorted(self._of(step), reverse=True, key=lambda each: each[:2]):
            if passage.started >= at:
                continue
            if passage.ended <= low:
                break
            started, ended = max(passage.started, low), min(passage.ended, at)
            if ended < at:
                yield self._itself(step), ended, at
            yield from self._within(passage, started, ended, path)
            at = started
            if at <= low:
                return
        if at > low:
            yield self._itself(step), low, at

    def _itself(self, step: Hashable) -> _Telling:
        """What is told of a step that did nothing that takes time."""
        keys = self._for.get(step, ())
        return *named(keys), build_of(keys)

    def _of(self, step: Hashable) -> Iterable[_Passage]:
        passages = self._passages.get(step, [])
        if step is not None:
            return _at_work(passages)
        phases = (_Passage(each.ended, each.started, work=self.whole) for each in self.whole.phases)
        return [*passages, *phases]

    def _within(
        self, passage: _Passage, started: float, ended: float, path: tuple[Hashable, ...]
    ) -> Iterator[tuple[_Telling, float, float]]:
        if passage.queue:
            yield (passage.queue, "", ""), started, ended
        elif passage.work:
            yield from _done(passage.work, started, ended)
        elif passage.awaited not in path:
            yield from self._walked(passage.awaited, started, ended, (*path, passage.awaited))


def _at_work(passages: Sequence[_Passage]) -> Iterable[_Passage]:
    """Passages of a step; while something of it was done, nothing of it stood in a queue."""
    works = sorted((each.started, each.ended) for each in passages if each.work)
    if not works[1:]:
        return passages
    found = [each for each in passages if not each.queue]
    for queue in (each for each in passages if each.queue):
        at = queue.started
        for started, ended in works:
            if at < min(started, queue.ended):
                found.append(queue._replace(started=at, ended=min(started, queue.ended)))
            at = max(at, ended)
        if at < queue.ended:
            found.append(queue._replace(started=at))
    return found


def _done(work: Work, low: float, high: float) -> Iterator[tuple[_Telling, float, float]]:
    """What a piece of work was at between two moments, the last first."""
    by = build_of(work.keys)
    plain = (*named(work.keys), by)
    at = high
    for phase in sorted(work.phases, reverse=True, key=lambda each: (each.ended, each.started)):
        started, ended = max(phase.started, low), min(phase.ended, at)
        if ended <= started:
            continue
        if ended < at:
            yield plain, ended, at
        yield (phase.step, phase.name, by), started, ended
        at = started
    if at > low:
        yield plain, low, at


def _joined(
    stretches: Sequence[tuple[_Telling, float, float]], *, shortest: float
) -> Iterator[tuple[_Telling, float, float]]:
    """Those of the same that follow each other as one; what is too short to tell goes to one beside it."""
    last = None
    for stretch in stretches:
        telling, started, ended = stretch
        if last is None:
            last = stretch
        elif last[0] == telling or ended - started < shortest:
            last = (last[0], last[1], ended)
        elif last[2] - last[1] < shortest:
            last = (telling, last[1], ended)
        else:
            yield last
            last = stretch
    if last:
        yield last
