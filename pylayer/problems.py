"""Problem: one thing that a check found in a finished archive, and the user's word on which to accept."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, get_args

from pylayer.dataclassing import dataclass
from pylayer.errors import Fault
from pylayer.tables import refusal, shaped, string, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Severity = Literal["error", "warning"]
Kind = Literal[
    "archive",  # not a zip that Lambda unpacks, or unsafe: links, paths that leave it, damage
    "path",  # members of which only one survives, or that fewer than all machines can tell apart
    "mode",  # Lambda's user could not read or run it
    "machine",  # compiled for another architecture
    "musl",  # compiled for another C library
    "symbols",  # wants newer versions of the runtime's libraries
    "library",  # needs a shared library that is missing
    "tag",  # a wheel for another target
    "python",  # a distribution that refuses the runtime's Python
    "requirement",  # a distribution that is missing, or there in a version that will not do
    "import",  # files that no import finds
    "twice",  # a module given by two distributions, a file or distribution by two layers
    "stdlib",  # takes the place of a standard library module
    "runtime",  # takes the place of a part of what the runtime brings
    "secret",  # a file that looks like one
    "pointer",  # stands for a file that is not there
    "size",  # AWS's limits
    "budget",  # the user's own
    "load",  # a module that fails when it is imported
    "handler",  # a handler that fails, or answers something else
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that a check found.

    An error will not work on Lambda; a warning may be meant. `where` is a member's path, or the name of a
    distribution or a layer.
    """

    kind: Kind
    severity: Severity
    where: str
    what: str
    hint: str = ""

    def fault(self, place: str) -> Fault:
        """The Fault of it, `place` (a build's id) before its own."""
        return Fault(what=f"{self.what} [{self.kind}]", where=f"{place}: {self.where}", hint=self.hint)


@shaped(
    lambda: {
        "anyOf": [
            {"enum": [*get_args(Kind)]},
            {"type": "string", "pattern": f"^({'|'.join(get_args(Kind))}):"},
        ]
    }
)
def acceptance(value: object) -> str:
    """Take a member of `accept` in layers.toml: `KIND`, or `KIND:GLOB`."""
    pattern = string(value)
    kind = pattern.partition(":")[0]
    if kind not in get_args(Kind):
        raise refusal(f'"{kind}" is not a kind of problem', hint=suggestion(kind, get_args(Kind)))
    return pattern


def leave_out(problems: Iterable[Problem], accepted: Sequence[str]) -> tuple[Problem, ...]:
    """Those that no pattern of `accepted` names: `KIND`, or `KIND:GLOB` over `where` or `what`.

    So `library:*libGL.so.1*` accepts that library as missing and no other.
    """
    return tuple(
        problem for problem in problems if not any(_matches(problem, pattern) for pattern in accepted)
    )


def _matches(problem: Problem, pattern: str) -> bool:
    kind, _, glob = pattern.partition(":")
    if kind != problem.kind:
        return False
    return not glob or fnmatchcase(problem.where, glob) or fnmatchcase(problem.what, glob)
