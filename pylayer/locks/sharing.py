"""Build requirements for a Python → what their entry of the lock is called, and which machines it serves.

An entry serves every machine that builds with its Python's minor version where its files do, whichever engine
made it. Only what depends on the machine is named for it: `python3.11: hatchling` beside
`python3.11-linux-x86_64: uv_build`.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from pylayer.building.serving import allows
from pylayer.dataclassing import dataclass
from pylayer.markers import holds, readable
from pylayer.resolver.requirements import ResolverPython
from pylayer.targets import Architecture, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pylayer.engines import Interpreter
    from pylayer.wheels import Wheel

# Where builds run, as markers see it. Any other machine (musl, an old glibc) takes what is for all of these.
_MACHINES = (
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
)
_ANY = "-any.whl"
_NAME = re.compile(r"(?P<python>python3\.\d+)(?:-(?P<platform>\S+))?: (?P<wanted>.*)", re.DOTALL)
# What pylayer wrote until version 2 of the lock: for a target by Docker, for a host's own Python without it.
_OF_TARGET = re.compile(r"(?P<python>python3\.\d+)-(?P<machine>x86_64|arm64): (?P<wanted>.*)", re.DOTALL)
_OF_HOST = re.compile(r"(?P<platform>\S+)-(?P<python>python3\.\d+): (?P<wanted>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentName:
    """What an entry for build requirements is called.

    `python` is a runtime's name, `wanted` the requirements with commas between them. `platform` is set where
    the entry depends on the machine that builds (`linux-x86_64`).
    """

    python: str
    wanted: str
    platform: str = ""

    def __str__(self) -> str:
        return f"{self.python}{self.platform and f'-{self.platform}'}: {self.wanted}"

    @property
    def minor(self) -> int:
        """The 11 of python3.11."""
        return int(self.python.rpartition(".")[2])

    @classmethod
    def read(cls, text: str) -> EnvironmentName | None:
        """Read a name of the lock; None for what is none."""
        match = _NAME.fullmatch(text)
        return (
            cls(python=match["python"], wanted=match["wanted"], platform=match["platform"] or "")
            if match
            else None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderPython:
    """The Python that builds, as the resolver is asked for it, and the platform of entries for it alone."""

    python: ResolverPython
    platform: str


def builder_platform(target: Target) -> str:
    """Name the machines on which a target's own wheels can be installed: `linux-aarch64`."""
    return f"linux-{target.architecture.machine}"


def builder_python(target: Target, interpreter: Interpreter) -> BuilderPython:
    """What build requirements are resolved for: a target's Python, wherever its wheels can be installed.

    A host that is no Linux, or whose libc is another or older than the target's, has an entry of its own.
    """
    machine = interpreter.platform.rpartition("-")[2]
    for architecture in dict.fromkeys((target.architecture, Architecture.of_machine(machine))):
        if architecture is None:
            continue
        own = Target(runtime=target.runtime, architecture=architecture)
        if interpreter.minor == own.runtime.minor and frozenset(own.tags) <= frozenset(interpreter.tags):
            return BuilderPython(python=ResolverPython.of_target(own), platform=builder_platform(own))
    platform = interpreter.platform
    if platform.startswith("linux") and interpreter.tags:
        platform = interpreter.tags[0].platform  # manylinux_2_17_x86_64, musllinux_1_2_x86_64
    return BuilderPython(
        python=ResolverPython(
            version=f"3.{interpreter.minor}",
            tags=interpreter.tags,
            label=f"Python 3.{interpreter.minor} on {platform}",
            executable=interpreter.executable,
        ),
        platform=platform,
    )


def serves_every_machine(requirements: Iterable[str], found: Sequence[Wheel], *, minor: int) -> bool:
    """Whether any machine that builds with Python 3.`minor` would have the same wheels for `requirements`."""
    return _serves(requirements, found, minors=(minor,))


def serves_python(requirements: Iterable[str], found: Sequence[Wheel], *, minor: int, of: int) -> bool:
    """Whether what was found for Python 3.`of` is for any machine that builds with 3.`minor` as well."""
    return (
        all(allows(wheel.metadata.requires_python, f"3.{minor}") for wheel in found)
        and all("py3-none-any" in wheel.metadata.tags for wheel in found)
        and _serves(requirements, found, minors=(minor, of))
    )


def name_of_today(text: str, *, filenames: Iterable[str]) -> tuple[EnvironmentName, bool] | None:
    """Read a name in a lock of version 1; whether it was for a target, and not for a host's own Python."""
    if match := _OF_TARGET.fullmatch(text):
        platform = f"linux-{Architecture(match['machine']).machine}"
    elif match := _OF_HOST.fullmatch(text):
        platform = match["platform"]
    else:
        return None
    if are_for_any_platform(filenames):
        platform = ""
    name = EnvironmentName(python=match["python"], wanted=match["wanted"], platform=platform)
    return name, "machine" in match.groupdict()


def are_for_any_platform(filenames: Iterable[str]) -> bool:
    """Whether all are pure wheels by their tags, or sources, which are built where they are needed."""
    return all(filename.endswith(_ANY) or not filename.endswith(".whl") for filename in filenames)


def _serves(requirements: Iterable[str], found: Sequence[Wheel], *, minors: Sequence[int]) -> bool:
    """Whether markers, of requirements and of what wheels require, say the same on all machines."""
    texts = [*requirements, *(text for wheel in found for text in wheel.metadata.requires)]
    required = readable(texts)
    extras = {extra for requirement in required for extra in requirement.extras}
    versions = [{"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"} for minor in minors]
    environments = [{**machine, **version} for machine, version in product(_MACHINES, versions)]
    return all(
        len({holds(requirement.marker, environment, extras=extras) for environment in environments}) == 1
        for requirement in required
        if requirement.marker
    )
