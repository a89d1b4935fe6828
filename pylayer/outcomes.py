"""What became of each build, as values: what the pipeline tells and the report prints."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    `seconds` is what this run spent on it, waiting for shared steps included. A skipped build's `error` says
    what it lacks.
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

    @property
    def good(self) -> bool:
        """Whether there is an archive to use."""
        return self.state in (State.BUILT, State.CACHED)


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
