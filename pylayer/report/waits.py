"""What builds waited for and were at → words, and what of it took longest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pylayer.state.lastrun import Ended, LastRun
    from pylayer.trail import Stretch

_TOLD = 0.05  # seconds: less than that is not worth a word

_WORDS = {
    "processor": "a free processor",
    "connection": "a free connection",
    "download": "the download of {name}",
    "pull": "the pull of {name}",
    "lock": "another pylayer, at work in {name}",
    "zig": "zig's libraries ({name})",
    "other": "pylayer itself",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a build had not ended yet, in words; for how many `seconds`, and whether it `waited` in them."""

    text: str
    step: str
    seconds: float
    waited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedReason:
    """What several builds waited for: how many, and the seconds of the one that waited longest for it."""

    text: str
    builds: int
    longest: float


def explained(ended: Ended) -> list[Reason]:
    """The reasons of one build, those that took longest first."""
    found: dict[tuple[str, str, bool], float] = {}
    for stretch in ended.stretches:
        key = (reason(stretch), stretch.step, stretch.waited)
        found[key] = found.get(key, 0.0) + stretch.seconds
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [
        Reason(text=text, step=step, seconds=seconds, waited=waited)
        for (text, step, waited), seconds in ordered
    ]


def waited(ended: Ended) -> float:
    """For how many seconds a build waited."""
    return sum(stretch.seconds for stretch in ended.stretches if stretch.waited)


def shared(run: LastRun) -> list[SharedReason]:
    """What the builds of a run waited for, what kept one of them longest first."""
    found: dict[str, list[float]] = {}
    for ended in run.builds:
        for one in explained(ended):
            if one.waited:
                found.setdefault(one.text, []).append(one.seconds)
    told = [SharedReason(text=text, builds=len(times), longest=max(times)) for text, times in found.items()]
    return sorted(told, key=lambda each: (-each.longest, each.text))


def latest(run: LastRun) -> list[Ended]:
    """The builds that something was done for, the last to end first."""
    return sorted((ended for ended in run.builds if ended.stretches), key=lambda each: -each.ended)


def listed(reasons: Sequence[Reason], *, most: int) -> str:
    """Reasons as one line, those that took longest."""
    told = [f"{one.text} {words.seconds(one.seconds)}" for one in reasons[:most]]
    rest = sum(one.seconds for one in reasons[most:])
    return "; ".join([*told, f"other {words.seconds(rest)}"] if rest >= _TOLD else told)


def reason(stretch: Stretch) -> str:
    """What a build was at, or waited for."""
    step, name = stretch.step, stretch.name
    if (step, name) == ("engine", "container"):
        return "a container to start"
    told = _WORDS.get(step, "{step} {name}").format(step=step, name=name).rstrip()
    return f"{told}, begun for {stretch.by}" if stretch.by else told
