"""Files that several wheels give differently, and whose the user prefers → the paths that the others lose."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import field
from typing import TYPE_CHECKING

from pylayer.archives.archive import content, same
from pylayer.archives.dropping import matcher
from pylayer.archives.layout import ROOT, place
from pylayer.archives.likeness import alike
from pylayer.dataclassing import dataclass
from pylayer.errors import ArchiveError, Fault
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pylayer.archives.archive import Source
    from pylayer.targets import Runtime
    from pylayer.wheels import Wheel

FORMAT = 1  # of how a preference settles what
_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The paths in an archive that each distribution has `lost` to another; `notes` are for a person."""

    lost: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def settle(
    wheels: Sequence[Wheel],
    *,
    prefer: Sequence[tuple[str, str]],
    runtime: Runtime,
    without: Collection[str] = (),
) -> Settled:
    """Find the paths to which several of `wheels` write different bytes, and take them from one.

    `prefer` are patterns (as in a .gitignore, counted from `python/`), each with the distribution whose file
    is taken; of several that match a path the last one counts. Of files that no pattern matches one is taken
    where they are alike (see `likeness`), else they are left as they are, as are the paths `without`. Raises
    ArchiveError for each path of which a distribution is preferred that does not give it.
    """
    tests = [(pattern, name, matcher([pattern])) for pattern, name in prefer]
    lost: dict[str, set[str]] = defaultdict(set)
    taken: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    used: set[str] = set()
    faults = []
    for path, found in _contested(wheels, runtime, without):
        givers = [name for name, _ in found]
        matching = [(pattern, name) for pattern, name, matches in tests if matches(path)]
        if not matching:
            if (which := alike(path, [content(*source) for _, source in found])) is not None:
                for name, _ in (*found[:which], *found[which + 1 :]):
                    lost[name].add(path)
            continue
        pattern, name = matching[-1]
        used.add(pattern)
        if name not in givers:
            what = f"{name} is preferred, but has no such file"
            faults.append(Fault(what=what, where=path, hint=f"it is in {' and '.join(givers)}"))
            continue
        others = tuple(giver for giver in givers if giver != name)
        for other in others:
            lost[other].add(path)
        taken.setdefault((name, others), []).append(path.removeprefix(ROOT))
    if faults:
        raise ArchiveError.of(faults)
    notes = [
        f"prefer takes {_listed(paths)} from {name}, not from {' and '.join(others)}"
        for (name, others), paths in taken.items()
    ]
    notes += [f'prefer has no effect for "{pattern}"' for pattern, _ in prefer if pattern not in used]
    return Settled(lost={name: frozenset(paths) for name, paths in lost.items()}, notes=tuple(notes))


def _contested(
    wheels: Sequence[Wheel], runtime: Runtime, without: Collection[str]
) -> Iterator[tuple[str, list[tuple[str, Source]]]]:
    """The paths to which different bytes are written, and by which distributions, both sorted.

    What they write can be read until the next one is asked for.
    """
    with ExitStack() as stack:
        sources: dict[str, list[tuple[str, Source]]] = {}
        for wheel in sorted(wheels, key=lambda wheel: wheel.metadata.name):
            file = stack.enter_context(Zip(wheel.path, label=wheel.filename, sha256=wheel.sha256))
            for placed in place(file, runtime=runtime, without=without):
                sources.setdefault(placed.path, []).append((wheel.metadata.name, (file, placed)))
        for path in sorted(sources):
            found = sources[path]
            if len(found) > 1 and not same([source for _, source in found]):
                yield path, found


def _listed(paths: Sequence[str]) -> str:
    told = ", ".join(paths[:_TOLD])
    return f"{told} and {len(paths) - _TOLD} more" if paths[_TOLD:] else told
