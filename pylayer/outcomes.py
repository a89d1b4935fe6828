"""What became of each build, as values: what the pipeline tells and the report prints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from pylayer.errors import DownloadError, ResolveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pylayer.config.layers import Build
    from pylayer.errors import Fault, PylayerError


class State(StrEnum):
    """The end of a build."""

    BUILT = "built"
    CACHED = "cached"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A build's end: how large its archive is (bytes, 0 where there is none), of how many wheels, and why.

    `seconds` is for how long this run did something for it, steps that it shares included; waiting for its
    turn is not. A skipped build's `error` says what it lacks. `notes` tell of what this run did, warnings
    among them; `warnings` are about the archive, whether this run made it or found it made.
    """

    build: Build
    state: State
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


# What fails with these fails for every build that wants the same of an index.
OF_INDEXES = (ResolveError, DownloadError)
_NAMED = 3


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
    for outcome in sorted(outcomes, key=lambda outcome: outcome.build.id):
        if not (error := outcome.error):
            continue
        build = outcome.build
        for fault in error.faults:
            own = fault.where in (build.id, str(build.target))
            where = "" if own else fault.where.removeprefix(f"{build.id}: ")
            named = replace(fault, where=where)
            cause = causes.setdefault((where, fault.cause or fault.what), _Cause(fault=named, error=error))
            if build.id not in cause.builds:
                cause.builds.append(build.id)
            cause.hints.setdefault(fault.hint, build.id)
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
    if len(builds) > _NAMED:
        lines.append(f"the builds are {', '.join(builds)}")
    where = f"{named}: {cause.fault.where}" if cause.fault.where else named
    return replace(cause.fault, where=where, hint="\n    ".join(lines))


class Reporter(Protocol):
    """Hears of a run as it goes; called from one thread at a time."""

    def note(self, text: str) -> None:
        """Something a user should know that ends no build."""
        ...

    def warn(self, fault: Fault) -> None:
        """Something that may be wrong, and where."""
        ...

    def outcome(self, outcome: Outcome) -> None:
        """A build has ended."""
        ...

    def summary(self, outcomes: Sequence[Outcome], *, seconds: float) -> None:
        """The run has ended."""
        ...
