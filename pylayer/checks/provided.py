"""provided.toml and stdlib.toml → what a target's runtime gives by itself: libraries, versions, modules."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import tomli

from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pylayer.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Provided:
    """What a runtime gives.

    `libraries` are found by the dynamic linker; `doubtful` ones are in AWS's image and may be missing on
    Lambda. `versions` are the highest symbol versions by prefix (`GLIBC` → 2.34). `stdlib` are modules;
    `distributions` maps normalised names to their modules, `requires` to what they want of others.
    """

    libraries: frozenset[str]
    doubtful: frozenset[str]
    versions: Mapping[str, tuple[int, ...]]
    stdlib: frozenset[str]
    distributions: Mapping[str, tuple[str, ...]]
    requires: Mapping[str, tuple[str, ...]]
    together: frozenset[str]


@cache
def provided(target: Target) -> Provided:
    """What the runtime of `target` gives; an operating system that is not in the table is as the newest."""
    data = read("provided.toml")
    system = data["os"].get(target.runtime.os) or list(data["os"].values())[-1]
    minor = target.runtime.minor
    more = [*data["architectures"][target.architecture.value], f"libpython3.{minor}.so.1.0"]
    versions = {prefix: _numbers(highest) for prefix, highest in system["versions"].items()}
    distributions = data["python"]["distributions"]
    return Provided(
        libraries=frozenset([*system["libraries"], *more]),
        doubtful=frozenset(system["doubtful"]),
        versions={"GLIBC": target.runtime.glibc, **versions},
        stdlib=_stdlib(minor),
        distributions={name: tuple(entry["modules"]) for name, entry in distributions.items()},
        requires={name: tuple(entry.get("requires", ())) for name, entry in distributions.items()},
        together=frozenset(data["python"]["together"]),
    )


def _stdlib(minor: int) -> frozenset[str]:
    data = read("stdlib.toml")
    old = {name for name, last in data["last"].items() if minor <= last}
    new = {name for name, first in data["first"].items() if minor >= first}
    return frozenset(data["always"]) | old | new


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@cache
def read(name: str) -> dict[str, Any]:
    """The table `name` as it is written."""
    return tomli.loads(resources.files("pylayer.checks").joinpath(name).read_text(encoding="utf-8"))
