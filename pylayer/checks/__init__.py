"""A finished archive → what will not work on Lambda, all of it at once, each with its place and reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.checks import contents, imports, metadata, native, paths, pointers, secrets, sizes, together
from pylayer.dataclassing import dataclass
from pylayer.errors import ArchiveError
from pylayer.limits import MOST_UNZIPPED
from pylayer.problems import Kind, Problem, Severity, leave_out

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pylayer.store import Store
    from pylayer.targets import Target
    from pylayer.wheels import Wheel

__all__ = ["Kind", "LayerArchive", "Problem", "Severity", "check", "check_set"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerArchive:
    """The archive of a layer at `path`, and the wheels that are in it."""

    layer: str
    path: Path
    wheels: tuple[Wheel, ...] = ()


def check(
    made: LayerArchive,
    *,
    target: Target,
    beside: Sequence[LayerArchive] = (),
    requested: Sequence[str] = (),
    excluded: Collection[str] = (),
    overridden: Mapping[str, Collection[str]] | None = None,
    local: Collection[str] = (),
    budget: int | None = None,
    accepted: Sequence[str] = (),
    memory: Store | None = None,
) -> tuple[Problem, ...]:
    """Every problem of one archive, errors first.

    `beside` are layers that give some of what it needs, `requested` its own requirements (for their extras),
    `excluded` the names left out on purpose, `overridden` those of whatever version, with their extras,
    `local` the names built in the target's image. `budget` is in unzipped bytes; `accepted` are patterns as
    `leave_out` takes them; `memory` keeps what was found in ELF files for the next time. Raises StoreError
    when the archive cannot be read.
    """
    try:
        inside = contents.read(made.path, name=made.layer, wheels=made.wheels, local=local, memory=memory)
        around = [contents.names(other.path) for other in beside]
    except ArchiveError as error:
        return _unreadable(error, made.path)

    def problems() -> Iterator[Problem]:
        yield from paths.check(inside)
        yield from native.check(inside, target=target, beside=frozenset().union(*around), local=local)
        tops = imports.tops(inside, target)
        yield from imports.check(inside, made.path, target=target, tops=tops, local=local)
        yield from metadata.check_tags(made.wheels, target=target, local=local)
        yield from metadata.check_requirements(
            made.wheels,
            target=target,
            requested=requested,
            beside=[wheel for other in beside for wheel in other.wheels],
            excluded=excluded,
            overridden=overridden,
        )
        givers = {name: top.giver for name, top in tops.items()}
        yield from metadata.check_runtime(made.wheels, givers, target=target)
        yield from secrets.check(inside)
        yield from pointers.check(inside.pointers)
        yield from sizes.check(inside, budget=budget)

    return _ordered(leave_out(problems(), accepted))


def check_set(
    name: str,
    layers: Sequence[LayerArchive],
    *,
    budget: int = MOST_UNZIPPED,
    accepted: Sequence[str] = (),
    memory: Store | None = None,
) -> tuple[Problem, ...]:
    """Problems of the layers of set `name`, in the function's order, that none of them has alone."""
    found = []
    for made in layers:
        try:
            found.append(contents.read(made.path, name=made.layer, wheels=made.wheels, memory=memory))
        except ArchiveError as error:
            return _unreadable(error, made.path)

    def problems() -> Iterator[Problem]:
        yield from together.check(name, found)
        yield from sizes.check_together(name, found, budget=budget)

    return _ordered(leave_out(problems(), accepted))


def _unreadable(error: ArchiveError, path: Path) -> tuple[Problem, ...]:
    hint = "Lambda would refuse to unpack it, or unpack something else: build it again"
    return tuple(
        Problem(
            kind="archive",
            severity="error",
            where=fault.where.removeprefix(f"{path.name}: "),
            what=fault.what,
            hint=hint,
        )
        for fault in error.faults
    )


def _ordered(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(
        sorted(problems, key=lambda problem: (problem.severity, problem.kind, problem.where, problem.what))
    )
