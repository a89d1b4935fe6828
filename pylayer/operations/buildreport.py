"""What `build` gives, as a value: apart from the others, for a run in which nothing changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.errors import raise_together
from pylayer.outcomes import by_cause

if TYPE_CHECKING:
    from pylayer.errors import PylayerError
    from pylayer.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """How a run ended: an Outcome for each build. `seconds` is how long all of it took.

    `unchanged`: nothing had changed since the run before, which files' status alone told.
    """

    outcomes: tuple[Outcome, ...]
    seconds: float
    unchanged: bool = False

    @property
    def errors(self) -> tuple[PylayerError, ...]:
        """What went wrong, each cause once with all builds that it took; skipped builds are among them."""
        return tuple(shared.error for shared in by_cause(self.outcomes))

    def raise_for_errors(self) -> None:
        """Raise `errors` as one, if there are any: of their class where that is one, else PylayerError."""
        raise_together(self.errors)
