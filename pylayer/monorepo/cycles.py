"""What projects need to be built, and to run → the circles in which none could be built first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.names import required_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pylayer.monorepo.projectfile import Definition


def build_cycles(projects: Mapping[str, Definition]) -> list[tuple[str, ...]]:
    """Find circles of build requirements; each begins and ends with the same name, and each needs the next.

    To build a project takes its build requirements and all that those need to run. Projects that need each
    other only to run can be built one by one: no circle. A requirement with a marker may not apply and is
    left out here.
    """
    graph = {name: needed for name in projects if (needed := _needed(name, projects))}
    if not graph:
        return []
    from graphlib import CycleError, TopologicalSorter

    cycles = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = _turned(error.args[1][::-1])
            cycles.append(cycle)
            graph[cycle[0]] = [name for name in graph[cycle[0]] if name != cycle[1]]
        else:
            return cycles


def _needed(name: str, projects: Mapping[str, Definition]) -> list[str]:
    """Name the projects whose wheels are there while `name` is built."""
    needed: dict[str, None] = {}
    left = _own(projects[name].requires, projects)
    while left:
        if (one := left.pop()) not in needed:
            needed[one] = None
            left += _own(projects[one].dependencies, projects)
    return list(needed)


def _own(requirements: Iterable[str], projects: Mapping[str, Definition]) -> list[str]:
    names = (required_name(requirement) for requirement in requirements if ";" not in requirement)
    return [name for name in names if name in projects]


def _turned(cycle: list[str]) -> tuple[str, ...]:
    """Let a circle begin at its first name in the alphabet, so that it reads the same on every run."""
    names = cycle[:-1]
    first = names.index(min(names))
    return (*names[first:], *names[:first], names[first])
