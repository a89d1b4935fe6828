"""Every error a user can meet: what happened, where, what to do next, and the exit status it gives.

Exit statuses: 0 all went well; 1 failures of several kinds at once; 2 a command line that is wrong; the
rest are the `exit_code` of the classes below; 20 a dry run that found something to do; 128 and the number of
the signal that ended it (130: Ctrl-C).
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Self

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MIXED = 1
PENDING = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: `what`, `where` (file, key, layer, target), and a `hint` what to do next.

    `cause` is that of `what` which is the same wherever it is found, where `what` says more than that.
    `about` is the distribution that it is about (normalised), where who requires that is to be told.
    """

    what: str
    where: str = ""
    hint: str = ""
    cause: str = ""
    about: str = field(default="", compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.told}\n    {self.hint}" if self.hint else self.told

    @property
    def told(self) -> str:
        """What is wrong and where, without the hint."""
        return f"{self.where}: {self.what}" if self.where else self.what

    @property
    def line(self) -> str:
        """All of it in one line."""
        return f"{self.told}; {self.hint}" if self.hint else self.told


class PylayerError(Exception):
    """What a user can cause or must know; a bug raises something else and keeps its traceback.

    `log` holds the output of a tool that failed, to be shown as one block above the error.
    """

    exit_code: ClassVar[int] = MIXED

    def __init__(self, what: str, *, where: str = "", hint: str = "", log: str = "") -> None:
        super().__init__(what)
        self.faults: tuple[Fault, ...] = (Fault(what=what, where=where, hint=hint),)
        self.log = log

    @classmethod
    def of(cls, faults: Iterable[Fault], *, log: str = "") -> Self:
        """One error that lists all `faults` (at least one), in their order."""
        listed = tuple(faults)
        error = cls(listed[0].what, where=listed[0].where, hint=listed[0].hint, log=log)
        error.faults = listed
        return error

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class UsageError(PylayerError):
    """A command line, or a call, that asks for something that does not exist; each fault takes one line."""

    exit_code = 2

    def __str__(self) -> str:
        return "\n".join(fault.line for fault in self.faults)


class ManifestError(PylayerError):
    """layers.toml, or a project it names, is wrong."""

    exit_code = 3


class ResolveError(PylayerError):
    """No set of distributions satisfies the requirements of a build."""

    exit_code = 4


class LockError(PylayerError):
    """layers.lock is stale or wrong."""

    exit_code = 5


class DownloadError(PylayerError):
    """An index or a file on it cannot be fetched, or is not what was promised."""

    exit_code = 6


class EngineError(PylayerError):
    """The engine, or an image it needs, is not available."""

    exit_code = 7


class ImageError(EngineError):
    """The engine answers, but has no usable image for a target: another engine may have its Python."""


class NeedsDockerError(EngineError):
    """No engine that answers has the libc that this needs: it is skipped until Docker can be reached."""

    exit_code = 8


class BuildError(PylayerError):
    """A project's build backend failed, or gave something that is not a wheel for the target."""

    exit_code = 9


class ArchiveError(PylayerError):
    """A wheel cannot be copied safely, or two wheels contradict each other."""

    exit_code = 10


class StoreError(PylayerError):
    """The store or the output folder cannot be written or read."""

    exit_code = 11


class CheckError(PylayerError):
    """A finished archive will not work on Lambda."""

    exit_code = 12


class PublishError(PylayerError):
    """AWS refused, or could not be asked."""

    exit_code = 13


class NotBuiltError(PylayerError):
    """What is to be worked on was never built: there is no archive of it yet."""

    exit_code = 15

    @classmethod
    def builds(cls, identifiers: Iterable[str]) -> Self:
        """One error for all of these builds (at least one)."""
        hint = "build it first: `pylayer layers`"
        return cls.of(Fault(what="has no archive yet", where=each, hint=hint) for each in identifiers)

    @classmethod
    def unlogged(cls, identifiers: Iterable[str]) -> Self:
        """One error for builds (at least one) of which no log is kept."""
        hint = "a log is kept by each run that builds it: `pylayer layers`"
        return cls.of(Fault(what="no log of it is kept here", where=each, hint=hint) for each in identifiers)


class ToolError(PylayerError):
    """A program that pylayer runs cannot be started, or did not come to an end."""

    exit_code = 14


class MisledError(Exception):
    """What was known of an image, or of a file elsewhere, is no longer so: the run begins anew without that.

    No user meets it, and nothing that tries another way on a PylayerError may take it for one.
    """


class UnexpectedError(PylayerError):
    """A fault of pylayer itself, in one build or in all of a command; `log` is its traceback."""

    exit_code = 16

    @classmethod
    def of_bug(cls, bug: Exception, *, where: str = "") -> Self:
        """The error that stands for `bug`, which ended the build that `where` names, or everything."""
        import traceback  # slow, and nothing that goes well needs it

        said = traceback.format_exception_only(bug)[-1].strip()
        return cls(
            f"this is a bug in pylayer: {said}",
            where=where,
            hint="please report it, with the traceback above and what the layer is made of",
            log="".join(traceback.format_exception(bug)),
        )


def raise_together(errors: Sequence[PylayerError]) -> None:
    """Raise errors as one, if there are any: of their class where that is one, else a PylayerError."""
    if errors:
        kinds = {type(error) for error in errors}
        kind = kinds.pop() if len(kinds) == 1 else PylayerError
        logs = [error.log for error in errors if error.log]
        raise kind.of([fault for error in errors for fault in error.faults], log="\n".join(logs))
