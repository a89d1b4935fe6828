"""How builds ended, in the last run that had something to do for them → kept with their logs.

What was printed while something was made is in the log of each build that needed it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pylayer import redaction, shown
from pylayer.dataclassing import dataclass
from pylayer.keys import key
from pylayer.outcomes import Outcome, State
from pylayer.stepnames import named
from pylayer.store.kinds import ENDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.activity import Work
    from pylayer.state.opening import WorkspaceState


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a build ended: `told` is what was wrong, `ended` when it was (seconds since the epoch).

    `log` is the sha256 (hex) of a file in the store.
    """

    state: State
    told: tuple[str, ...]
    ended: float
    seconds: float
    log: str


def remember(state: WorkspaceState, outcome: Outcome, works: Sequence[Work]) -> None:
    """Keep how a build ended; where nothing was to be done, what is known of the time before stays."""
    before = recall(state, outcome.build)
    printed = any(work.log for work in works)
    good = before is not None and before.state in (State.BUILT, State.CACHED)
    if outcome.state is State.CACHED and good and not printed:
        return
    text = "\n".join(_lines(outcome, works)) + "\n"
    faults = outcome.error.faults if outcome.error else ()
    record = {
        "state": outcome.state.value,
        "told": [redaction.shown(fault.told) for fault in faults],
        "ended": time.time(),
        "seconds": round(outcome.seconds, 3),
        "log": state.store.put_blob(text.encode(errors="replace")),
    }
    state.store.put_record(ENDING, _name(state, outcome.build), record)


def recall(state: WorkspaceState, build: str) -> Ending | None:
    """How a build ended; None where nothing is known."""
    if (record := state.store.record(ENDING, _name(state, build))) is None:
        return None
    try:
        ended = State(record["state"])
    except ValueError:
        return None  # of another version
    return Ending(
        state=ended,
        told=record["told"],
        ended=record["ended"],
        seconds=record["seconds"],
        log=record["log"],
    )


def log(state: WorkspaceState, ending: Ending) -> str | None:
    """The log of an ending; None where it is kept no more."""
    path = state.store.blob(ending.log)
    return path.read_text(encoding="utf-8") if path else None


def _lines(outcome: Outcome, works: Sequence[Work]) -> Iterator[str]:
    """The log: what was done, for how long and what was printed, and how that ended."""
    when = datetime.now(tz=UTC)
    yield f"{outcome.build}  {outcome.state}  {when:%Y-%m-%d %H:%M:%S} UTC, {outcome.seconds:.1f} s"
    steps: dict[tuple[str, str], list[Work]] = {}
    for work in works:
        steps.setdefault(named(work.keys), []).append(work)
    told = ""
    for (step, name), done in steps.items():
        took = sum(work.ended - work.started for work in done if work.ended is not None)
        yield ""
        yield f"── {step} {name}".rstrip() + f"  {took:.1f} s"
        for printed in (work.log for work in done if work.log):
            told += printed
            yield _kept(printed)
    if error := outcome.error:
        yield ""
        if error.log.strip() and error.log.strip() not in told:
            yield _kept(error.log)
        yield _kept(f"error: {error}")
    known = {f"warning: {text}" for text in outcome.warnings}
    for text in (*(note for note in outcome.notes if note not in known), *outcome.warnings):
        yield _kept(f"note: {text}")


def _kept(text: str) -> str:
    return redaction.shown(shown.block(text)).rstrip()


def _name(state: WorkspaceState, build: str) -> str:
    return key({"manifest": state.key, "build": build})
