"""What a user writes to choose builds → the builds meant: one language, for every command.

A pattern is a glob on a layer's name or on a build's identifier (`data`, `data-*`, `data-python3.13-arm64`).
Both sides are compared as PEP 503 compares names, so `My_Lib` finds the layer `my-lib`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pylayer.errors import Fault, UsageError
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def matching(pattern: str, builds: Mapping[str, str]) -> frozenset[str]:
    """Those of `builds` (identifier → layer) that a pattern means; a name as it is written goes first."""
    if exact := frozenset(build for build, layer in builds.items() if pattern in (build, layer)):
        return exact
    wanted = normalise(pattern)
    return frozenset(
        build
        for build, layer in builds.items()
        if fnmatchcase(normalise(layer), wanted) or fnmatchcase(normalise(build), wanted)
    )


def unmatched(patterns: Iterable[str], builds: Mapping[str, str]) -> tuple[str, ...]:
    """Those of `patterns` that mean none of `builds`."""
    return tuple(pattern for pattern in patterns if not matching(pattern, builds))


def chosen(patterns: Iterable[str], builds: Mapping[str, str]) -> frozenset[str]:
    """The identifiers of `builds` (identifier → layer) that any pattern means; all, if none is given.

    UsageError with a fault for each pattern that means nothing.
    """
    patterns = tuple(patterns)
    if faults := [_unknown(pattern, builds) for pattern in unmatched(patterns, builds)]:
        raise UsageError.of(faults)
    if not patterns:
        return frozenset(builds)
    return frozenset().union(*(matching(pattern, builds) for pattern in patterns))


def _unknown(pattern: str, builds: Mapping[str, str]) -> Fault:
    from pylayer.tables import suggestion

    if not pattern:
        return Fault(what="an empty name selects nothing", hint="leave it out to select every build")
    layers = dict.fromkeys(builds.values())
    hint = suggestion(pattern, [*layers, *builds], listed=False) or suggestion(pattern, layers)
    return Fault(what=f'no layer or build matches "{pattern}"', hint=hint)
