"""A requirement in which poetry-core wrote `||` → one that PEP 508 knows, if that allows the same versions.

poetry reads `^1.24 || ^2.0` in pyproject.toml, and its backend writes `(>=1.24,<2.0 || >=2.0,<3.0)` into
wheels, which no other tool can read.
"""

from __future__ import annotations

import re
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.version import Version

_UNION = re.compile(r"(?P<head>[^(;]+)\((?P<versions>[^()]*\|\|[^()]*)\)\s*(?P<marker>;.*)?", re.DOTALL)
_CLAUSE = re.compile(r"(?P<operator>[<>]=?|==)?\s*(?P<version>[^\s<>=!~*]+)")
_MOST = 64  # clauses that stand for a gap


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """Versions from `low` to `high`, each with whether it is in; None: there is no such end."""

    low: Version | None = None
    from_low: bool = True
    high: Version | None = None
    to_high: bool = False


def rewritten(requirement: str) -> str:
    """The same requirement without `||`; empty where PEP 440 has no clauses for it, or it has none."""
    match = _UNION.fullmatch(requirement.strip())
    if not match:
        return ""
    ranges = [_range(text) for text in match["versions"].split("||")]
    if not all(ranges):
        return ""
    merged = reduce(_joined, sorted(filter(None, ranges), key=_begin), list[_Range]())
    clauses = [*_ends(merged[0], merged[-1])]
    for below, above in pairwise(merged):
        if not (between := _gap(below, above)):
            return ""
        clauses += between
    return f"{match['head'].strip()}{','.join(clauses)}{match['marker'] or ''}"


def _range(text: str) -> _Range | None:
    """What clauses with commas between come to; None where they are of another kind."""
    from packaging.version import Version

    found = _Range()
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause.strip())
        try:
            version = Version(match["version"]) if match else None
        except ValueError:  # of packaging, or of Python, for thousands of digits
            return None
        if match is None or version is None:
            return None
        own = _of_clause(match["operator"] or "==", version)
        low = max((found, own), key=_begin)
        high = min((found, own), key=_end)
        found = _Range(low=low.low, from_low=low.from_low, high=high.high, to_high=high.to_high)
    return found


def _of_clause(operator: str, version: Version) -> _Range:
    if operator == "==":
        return _Range(low=version, high=version, to_high=True)
    if operator.startswith(">"):
        return _Range(low=version, from_low=operator == ">=")
    return _Range(high=version, to_high=operator == "<=")


def _begin(each: _Range) -> tuple[bool, object, bool]:
    return each.low is not None, each.low or 0, not each.from_low


def _end(each: _Range) -> tuple[bool, object, bool]:
    return each.high is None, each.high or 0, each.to_high


def _joined(known: list[_Range], new: _Range) -> list[_Range]:
    """The ranges, of which the last and the new one are one if nothing is between them."""
    last = known[-1] if known else None
    if last is None or not _touch(last, new):
        return [*known, new]
    high = max((last, new), key=_end)
    return [
        *known[:-1],
        _Range(low=last.low, from_low=last.from_low, high=high.high, to_high=high.to_high),
    ]


def _touch(below: _Range, above: _Range) -> bool:
    if below.high is None or above.low is None or below.high > above.low:
        return True
    return below.high == above.low and (below.to_high or above.from_low)


def _ends(first: _Range, last: _Range) -> Iterator[str]:
    if first.low is not None:
        yield f"{'>=' if first.from_low else '>'}{first.low}"
    if last.high is not None:
        yield f"{'<=' if last.to_high else '<'}{last.high}"


def _gap(below: _Range, above: _Range) -> list[str]:
    """Clauses that exclude what is between two ranges; none where it takes more than there can be."""
    low, high = below.high, above.low
    assert low is not None
    assert high is not None
    plain = low.public == low.base_version and high.public == high.base_version and not low.epoch
    if below.to_high or not plain or high.epoch:
        return []
    prefixes = [*_prefixes(low.release, high.release)]
    excluded = [f"!={'.'.join(map(str, each))}.*" for each in prefixes if each]
    if not all(prefixes) or len(excluded) > _MOST:
        return []
    return [*excluded, *([] if above.from_low else [f"!={high}"])]


def _prefixes(low: tuple[int, ...], high: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The releases from `low` to below `high` by what they begin with; an empty one where there is no end."""
    length = max(len(low), len(high))
    low, high = (each + (0,) * (length - len(each)) for each in (low, high))
    first = next((index for index in range(length) if low[index] != high[index]), length)
    if any(low[first + 1 :]):
        yield ()
        return
    for index in range(first, length):
        begin = low[index] if index == first else 0
        for number in range(begin, min(high[index], begin + _MOST + 1)):
            yield (*high[:index], number)
