"""A choice of builds → their archives tried, told by a Console, and the exit status of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.answers import ImportAnswer, InvocationAnswer, TriedAnswer, VerifyAnswer
from pylayer.errors import NotBuiltError
from pylayer.operations import verifying

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pylayer.console import Console
    from pylayer.trials import Tried


def run(lines: Console, manifest: Path, *, only: Sequence[str], engine: str, again: bool) -> int:
    """Try what is chosen, and report it; the exit status: that of the first thing that fails.

    A build without an archive is reported, and its status (NotBuiltError's) is the run's where nothing else
    fails. What only Docker can try is skipped, with a note; where CI is set it counts as a failure.
    """
    report = verifying.verify(manifest, only=only, engine=engine, again=again, reporter=lines)
    missing = NotBuiltError.builds(report.missing) if report.missing else None
    if missing:
        lines.error(missing)
    strict = envtable.in_ci()
    failed = [tried.error for tried in report.tried if tried.error and (strict or tried.state == "failed")]
    errors = [*failed, missing] if missing else failed
    status = errors[0].exit_code if errors else 0
    lines.answer(status, VerifyAnswer(tried=[_answer(tried) for tried in report.tried]))
    return status


def _answer(tried: Tried) -> TriedAnswer:
    """What a machine reads of something that was tried."""
    answer = TriedAnswer(
        name=tried.name,
        builds=list(tried.builds),
        state=tried.state,
        python=tried.python,
        imports=[ImportAnswer(module=each.module, seconds=each.seconds) for each in tried.imports],
        invoked=None,
        reasons=[fault.told for fault in tried.error.faults] if tried.error else list(tried.notes),
    )
    if made := tried.invoked:
        answer["invoked"] = InvocationAnswer(handler=made.handler, start=made.init, seconds=made.seconds)
    return answer
