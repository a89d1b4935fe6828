"""What became of archives that were tried as Lambda would, as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from pylayer.errors import PylayerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """A module that an import brought with it: seconds of its `own`, and `total` with its own imports."""

    module: str
    own: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How the import of a module went: `seconds` in a new process, or `error`, a traceback.

    `log` is what it printed. `heaviest` are what took longest of its own, the slowest first; `packages` sum
    up all by top-level name, in seconds.
    """

    module: str
    seconds: float | None
    error: str = ""
    log: str = ""
    heaviest: tuple[Timing, ...] = ()
    packages: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoked:
    """How the invocation of a handler went: `response` is JSON as text, `error` says why there is none.

    `log` is what it printed, `init` the seconds until the process asked for an event, `seconds` what the
    event then took.
    """

    handler: str
    response: str | None = None
    error: str = ""
    log: str = ""
    init: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of an archive that was tried as Lambda would, or of those of a set of layers together.

    `name` is the build's identifier, or that of the set with its target; `builds` are all that it is of.
    `python` is the version that ran it, `imports` and `invoked` are how that went. `notes` say what of Lambda
    could not be tried. A failed or skipped one has an `error`.
    """

    name: str
    builds: tuple[str, ...]
    state: Literal["works", "failed", "skipped"]
    python: str = ""
    imports: tuple[Imported, ...] = ()
    invoked: Invoked | None = None
    notes: tuple[str, ...] = ()
    error: PylayerError | None = None
