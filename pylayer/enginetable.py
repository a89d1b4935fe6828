"""The engines, and what is known about each without importing it.

It stands below layers.toml, which names engines, and so knows the classes by name alone. A further
engine is a class (`pylayer.engines.ListedEngine`) and an entry in ENGINES.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer import envtable
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """One engine: its name, what it can do, and the words for it.

    `implemented_by` is `module:class`, imported at its first use. `title` is what messages call it, `at` says
    that something happens there, `remedy` what to do where it does not answer (empty where it always does).

    `has_target_libc`: what is compiled there finds the target's own libc and libraries, so that it can be
    trusted on Lambda. `has_images`: its Pythons are those of images, so an interpreter's identity covers
    every program beside it, and a lock may hold digests. `has_hosts`: it can be on other machines, so an
    architecture may have one of its own.

    `begun_by` is a `module:function` that takes what an engine `began` with (`pylayer.engines.Engine`) and
    gives a `Begun`, or None: it imports little, and is called before the engine is imported.
    """

    name: str
    implemented_by: str
    title: str
    at: str
    remedy: str = ""
    has_target_libc: bool
    has_images: bool
    has_hosts: bool = False
    begun_by: str = ""

    def hint(self, *, answers: bool, remedy: str = "") -> str:
        """Say what to do to have a target built there, where it does not answer or has no Python for it.

        A `remedy` is that of the error that says why.
        """
        ways = [remedy] if remedy else [self.remedy] if self.remedy and not answers else []
        if answers and self.has_images and not remedy:
            ways.append(
                f"name an image that can be had under [runtimes] in layers.toml, or by {envtable.RUNTIMES}"
            )
        return "; ".join([*ways, f"--engine {self.name} makes this an error"])

    def lacks(self, target: str) -> str:
        """Say that it has no Python for a target."""
        return f"{self.title} has no {'image' if self.has_images else 'Python'} for {target}"


# By name, in the order in which `auto` asks them.
ENGINES: Mapping[str, EngineKind] = {
    kind.name: kind
    for kind in (
        EngineKind(
            name="docker",
            implemented_by="pylayer.engines.docker.engine:DockerEngine",
            begun_by="pylayer.engines.docker.early:begin",
            title="Docker",
            at="in Docker",
            remedy="start Docker",
            has_target_libc=True,
            has_images=True,
            has_hosts=True,
        ),
        EngineKind(
            name="local",
            implemented_by="pylayer.engines.local.engine:LocalEngine",
            title="this host",
            at="on this host",
            has_target_libc=False,
            has_images=False,
        ),
    )
}


def choices() -> tuple[str, ...]:
    """What layers.toml and a command line may name: `auto`, or one engine."""
    return (AUTO, *ENGINES)


def candidates(choice: str) -> tuple[EngineKind, ...]:
    """The engines that one of the `choices` allows, in the order in which they are to be asked."""
    return tuple(ENGINES.values()) if choice == AUTO else (ENGINES[choice],)


def elsewhere() -> str:
    """Say how to build where the target's libc is."""
    return f"run again with --engine {' or '.join(kind.name for kind in _with_target_libc())}"


def remedy() -> str:
    """Say what to do to have an engine with the target's libc."""
    return " or ".join(kind.remedy for kind in _with_target_libc())


def _with_target_libc() -> list[EngineKind]:
    return [kind for kind in ENGINES.values() if kind.has_target_libc]
