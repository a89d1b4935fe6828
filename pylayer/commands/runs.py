"""A choice of builds → their run told by a Console, and its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.console import Detail
from pylayer.errors import MIXED, NeedsDockerError, UsageError
from pylayer.operations import building

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pylayer.console import Console
    from pylayer.errors import PylayerError
    from pylayer.operations.buildrequest import BuildRequest
    from pylayer.outcomes import Outcome

MANIFEST_NAME = "layers.toml"


def build(
    lines: Console,
    manifest: Path,
    asked: BuildRequest,
    *,
    strict: bool = False,
    detail: Detail = Detail.NORMAL,
) -> int:
    """Build what is asked for; returns the exit status."""
    lines.detail = detail
    lines.repeats = True
    lines.root = manifest.absolute().parent
    report = building.made(manifest, asked, reporter=lines)
    lines.summary(report.outcomes, seconds=report.seconds)
    if envtable.on_github() and not report.unchanged:
        from pylayer.commands import stepsummary

        stepsummary.write(manifest, report.outcomes)
    ended = status(report.outcomes, strict=strict or envtable.in_ci())
    if lines.answers:
        from pylayer.commands import endanswers

        lines.answer(ended, endanswers.of_report(report))
    return ended


def detail(*, verbose: bool, quiet: bool) -> Detail:
    """How much is to be told; raises UsageError for both."""
    if verbose and quiet:
        raise UsageError("--verbose and --quiet exclude each other", hint="leave one of them out")
    return Detail.VERBOSE if verbose else Detail.QUIET if quiet else Detail.NORMAL


def status(outcomes: Sequence[Outcome], *, strict: bool) -> int:
    """The exit status of a run: that of its one kind of failure, or of a mix.

    What was skipped for want of Docker counts where `strict`.
    """
    errors = [outcome.error for outcome in outcomes if outcome.error]
    return status_of(error for error in errors if strict or not isinstance(error, NeedsDockerError))


def status_of(errors: Iterable[PylayerError]) -> int:
    """The exit status that errors come to: that of their one kind, or of a mix; 0 where there are none."""
    codes = {error.exit_code for error in errors}
    return codes.pop() if len(codes) == 1 else (MIXED if codes else 0)


def nearest(start: Path) -> Path:
    """The layers.toml of a folder or of one above it, without importing what reads it.

    ManifestError where there is none.
    """
    for folder in (start, *start.parents):
        if (folder / MANIFEST_NAME).is_file():
            return folder / MANIFEST_NAME
    from pylayer.config import manifest

    return manifest.find(start)
