"""Outcomes, faults and pieces of work → the words that lines, boards and heartbeats have in common."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer import shown, stepnames
from pylayer.amounts import size_text
from pylayer.errors import Fault
from pylayer.outcomes import Outcome, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.activity import Work
    from pylayer.trials import Tried

_DIGEST = 90  # characters of a warning that was told in full before
_NAMED = 2  # builds
_PROMPT = 5  # seconds in which whoever is asked for something answers usually
_MOST_PACKAGES = 4  # that a line names


def told(fault: Fault) -> str:
    """A fault as it is shown: where it is, in one line, what it is, and what to do."""
    return shown.entry(str(replace(fault, where=shown.line(fault.where))))


def facts(outcome: Outcome) -> str:
    """What is said of a build behind its state; what an error lists stands at the end alone."""
    if outcome.state in (State.FAILED, State.SKIPPED):
        fault = outcome.error.faults[0] if outcome.error else Fault(what="")
        return fault.cause if fault.cause and fault.what.startswith(fault.cause) else fault.what
    weighed = weight(outcome.wheels, outcome.size)
    return f"{weighed}, {seconds(outcome.seconds)}" if outcome.state is State.BUILT else weighed


def works(tried: Tried) -> Iterator[str]:
    """Lines of what was tried: `etl-python3.12-arm64  works  import etl 0.41 s (pandas 0.23 s, …)`."""
    yield f"{tried.name}  works  Python {tried.python}"
    for imported in tried.imports:
        most = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in imported.packages[:_MOST_PACKAGES])
        yield f"    import {imported.module}  {imported.seconds or 0:.2f} s" + (f"  ({most})" if most else "")
    if invoked := tried.invoked:
        init, seconds = invoked.init or 0, invoked.seconds or 0
        yield f"    {invoked.handler}  start {init:.2f} s, event {seconds:.3f} s"
    for note in tried.notes:
        yield f"    {note}"


def weight(wheels: int, size: int) -> str:
    """Of how many wheels an archive is, and its size."""
    return f"{wheels} wheel{'s' if wheels != 1 else ''}, {size_text(size)}"


def seconds(duration: float) -> str:
    """A time that something took."""
    return f"{duration:.1f} s" if duration >= 0.05 else f"{duration * 1000:.0f} ms"


def clock(duration: float) -> str:
    """A time that goes on: `0:42`."""
    minutes, rest = divmod(int(duration), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


def digest(text: str) -> str:
    """A text in a line of its own, cut where it is long."""
    import textwrap

    return textwrap.shorten(text, _DIGEST, placeholder="…")


def some(builds: Sequence[str]) -> str:
    """Builds by name, the first of them where they are many."""
    more = f" and {len(builds) - _NAMED} more" if len(builds) > _NAMED + 1 else ""
    return ", ".join(builds[:_NAMED] if more else builds) + more


def doing(work: Work) -> str:
    """What a piece of work is at; empty where that has no name."""
    text = work.doing
    if not text:
        step, name = stepnames.named(work.keys)
        text = "" if step == "other" else f"{step} {name}".rstrip()
    if (asked := work.asked) and (passed := time.perf_counter() - asked[1]) >= _PROMPT:
        silent = f"no answer of {asked[0]} for {passed:.0f} s"
        text = f"{text}, {silent}" if text else silent
    return shown.line(text) if text else ""


def since(work: Work) -> str:
    """For how long it has been at it."""
    return clock(max(time.perf_counter() - work.started, 0))
