"""What is asked of the resolver: requirements, what limits them, and the Python that they are for."""

from __future__ import annotations

import re
import sys
from dataclasses import field
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pylayer.dataclassing import dataclass
from pylayer.errors import ResolveError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.tags import Tag

    from pylayer.targets import Target
    from pylayer.wheels import Wheel

_MANYLINUX = re.compile(r"manylinux_2_(\d+)_(\w+)")
_GLIBC = (17, 28, *range(31, 41))  # the minor versions of glibc 2 that uv has a platform for


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverPython:
    """The Python to resolve for: `version` is 3.13 or 3.13.5, `tags` what an installer takes, best first.

    `label` names it in errors. `executable` is set for a Python of this machine alone.
    """

    version: str
    tags: tuple[Tag, ...]
    label: str
    executable: str = ""

    @classmethod
    def of_target(cls, target: Target) -> ResolverPython:
        """What runs a layer on Lambda."""
        runtime = target.runtime
        version = runtime.earliest if runtime.patch else runtime.python
        return cls(version=version, tags=target.tags, label=str(target))

    @property
    def minor(self) -> str:
        """Without a patch: 3.13."""
        return ".".join(self.version.split(".")[:2])

    @property
    def full_version(self) -> str:
        """With a patch: a minor version's first, as uv takes it."""
        return self.version if self.version.count(".") > 1 else f"{self.version}.0"

    def satisfies(self, requires_python: str) -> bool:
        """Whether a Requires-Python admits it; what is none, such as `!=3.0*`, admits all, as with uv."""
        try:
            return SpecifierSet(requires_python).contains(self.full_version)
        except InvalidSpecifier:
            return True

    @property
    def markers(self) -> dict[str, str]:
        """The environment in which PEP 508 markers are evaluated, as far as it is known."""
        markers = {
            "python_version": self.minor,
            "python_full_version": self.full_version,
        }
        platforms = (_MANYLINUX.fullmatch(tag.platform) for tag in self.tags)
        if machine := next((match[2] for match in platforms if match), None):
            linux = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
            markers |= {"platform_machine": machine, **linux}
        return markers

    @property
    def words(self) -> tuple[str, ...]:
        """What tells uv of it. Where uv has no platform for a glibc, the next newer one that it has."""
        if self.executable:
            return ("--python", self.executable, "--python-version", self.version)
        words = ("--python", sys.executable, "--python-version", self.version)
        for tag in self.tags:
            if match := _MANYLINUX.fullmatch(tag.platform):
                newer = [minor for minor in _GLIBC if minor >= int(match[1])]
                return (
                    *words,
                    "--python-platform",
                    f"{match[2]}-manylinux_2_{min(newer, default=_GLIBC[-1])}",
                )
        raise ResolveError("no wheel for Linux with glibc matches it", where=self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to resolve; requirements, constraints and overrides are PEP 508.

    `excludes` are never asked of an index, whoever requires them. `provided` wheels are used for their
    names, and no index is asked for those either. `preferences` are (name, version): taken where possible,
    the newest of several. `exclude_newer` is a date or a duration as uv reads it. Without `dependencies`,
    nothing is added. No index is asked for `elsewhere`, names of what has to come from another place: see
    StandInError. `hashes` are, by name, the sha256 (hex) that a file of it may have. `beside` is what the
    answer may be made of by what indexes said a moment ago, as (name, version, index): where it is, none is
    asked again. `building` is set for what builds packages, of which no sdist can be built.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    provided: tuple[Wheel, ...] = ()
    preferences: tuple[tuple[str, str], ...] = ()
    exclude_newer: str = ""
    dependencies: bool = True
    elsewhere: frozenset[str] = frozenset()
    hashes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    beside: frozenset[tuple[str, str, str | None]] = frozenset()
    building: bool = False
