"""What became of each build, as values: what the pipeline tells and the report prints."""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.errors import DownloadError, ResolveError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pylayer.activity import Activity
    from pylayer.errors import Fault, PylayerError
    from pylayer.trials import Tried


class State(StrEnum):
    """The end of a build."""

    BUILT = "built"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a build: its archive, or why there is none.

    `build` is its identifier: `libexample-python3.13-arm64`. `archive` is the path of the zip, None where
    there is none; sizes are bytes, `sha256` is hex, and both say nothing then (0, empty). `wheels` is of how
    many wheels it is. `seconds` is for how long this run did something for it, steps that it shares included;
    waiting for its turn is not. A failed or skipped build has an `error`: what is wrong, or what this machine
    lacks. `notes` tell of what this run did, warnings among them; `warnings` are about the archive, whether
    this run made it or found it made.
    """

    build: str
    layer: str
    runtime: str
    architecture: str
    state: State
    archive: Path | None = None
    size: int = 0
    unzipped_size: int = 0
    sha256: str = ""
    wheels: int = 0
    seconds: float = 0.0
    error: PylayerError | None = None
    notes: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    @property
    def good(self) -> bool:
        """Whether there is an archive to use."""
        return self.state in (State.BUILT, State.CACHED)

    @property
    def target(self) -> str:
        """The runtime and the architecture: `python3.13-arm64`."""
        return f"{self.runtime}-{self.architecture}"


# What fails with these fails for every build that wants the same of an index.
OF_INDEXES = (ResolveError, DownloadError)
_NAMED = 3
_HINTS = 3  # that differ, of one error: more hide those of the next


@dataclass(slots=True, kw_only=True)
class _Cause:
    """A fault, the builds that it was found in, what it says to do for which, and a tool's words on it."""

    fault: Fault
    error: PylayerError
    builds: list[str] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedError:
    """What failures have in common, as one error, and the `builds` that it took with it, by their ids."""

    error: PylayerError
    builds: tuple[str, ...]


def by_cause(outcomes: Iterable[Outcome]) -> list[SharedError]:
    """One error for each cause of failures, naming the builds that it takes with it.

    What several causes took the same builds with is one error. Of a tool's words, which differ in little
    from build to build, those on the first of them stay. Builds are told in the order of their names, not in
    that in which they happened to end.
    """
    causes: dict[tuple[str, str], _Cause] = {}
    for outcome in sorted(outcomes, key=lambda outcome: outcome.build):
        if not (error := outcome.error):
            continue
        build = outcome.build
        for fault in error.faults:
            own = fault.where in (build, outcome.target)
            where = "" if own else fault.where.removeprefix(f"{build}: ")
            named = replace(fault, where=where)
            cause = causes.setdefault((where, fault.cause or fault.what), _Cause(fault=named, error=error))
            if build not in cause.builds:
                cause.builds.append(build)
            cause.hints.setdefault(fault.hint, build)
    together: dict[tuple[str, ...], list[_Cause]] = {}
    for cause in causes.values():
        together.setdefault(tuple(cause.builds), []).append(cause)
    return [
        SharedError(
            error=type(found[0].error).of([_told(cause) for cause in found], log=found[0].error.log),
            builds=builds,
        )
        for builds, found in together.items()
    ]


def _told(cause: _Cause) -> Fault:
    builds, hints = cause.builds, [*cause.hints]
    named = ", ".join(builds) if len(builds) <= _NAMED else f"{len(builds)} builds"
    lines = [hint if len(hints) == 1 else f"{cause.hints[hint]}: {hint}" for hint in hints if hint]
    if len(lines) > _HINTS + 1:
        lines[_HINTS:] = [f"and so on for {len(lines) - _HINTS} others"]
    if len(builds) > _NAMED:
        lines.append(f"the builds are {', '.join(builds)}")
    where = f"{named}: {cause.fault.where}" if cause.fault.where else named
    return replace(cause.fault, where=where, hint="\n    ".join(lines))


class Reporter:
    """Hears of a run as it goes; a subclass overrides what it wants to hear of.

    It is called by one thread at a time, which need not be the one that began the run, and it must not call
    pylayer itself. The run waits for it. What `outcome` raises ends the run.
    """

    def note(self, text: str) -> None:
        """Something that a user should know and that ends no build."""

    def warn(self, fault: Fault) -> None:
        """Something that may be wrong, and where."""

    def outcome(self, outcome: Outcome) -> None:
        """A build has ended; a second time, where it was good and something was found afterwards."""

    def tried(self, tried: Tried) -> None:
        """Something was verified."""

    def say(self, text: str) -> None:
        """A line about what is published, or would be."""


class Follower(Reporter):
    """A Reporter that also shows what is being done."""

    def following(self, activity: Activity) -> AbstractContextManager[None]:
        """Follow what a run does, as long as it does anything."""
        raise NotImplementedError
