"""A wheel and a target → whether the one is right for the other."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylayer.targets import Target
    from pylayer.wheels import Wheel


def serves(wheel: Wheel, target: Target, *, built_for: Target, python_independent: bool) -> bool:
    """Whether a wheel built for one target is right for another (or the same)."""
    if not wheel.pure:
        return False
    same_minor = built_for.runtime.minor == target.runtime.minor
    if not same_minor and not python_independent:
        return False
    return trusted(wheel, target)


def trusted(wheel: Wheel, target: Target) -> bool:
    """Whether a wheel says that it runs on the target, by more than the tag of the host that built it."""
    return not _accepted(target).isdisjoint(wheel.metadata.tags)


@cache
def _accepted(target: Target) -> frozenset[str]:
    """The hundreds of tags that a target accepts, in words."""
    return frozenset(map(str, target.tags))


@cache
def allows(requires_python: str | None, python: str) -> bool:
    """Whether a Requires-Python (PEP 440 specifiers) admits any release of a minor version such as `3.13`."""
    if not requires_python:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        specifiers = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return True
    # What Lambda runs is some later patch: 3.13 is admitted by >=3.13.2 as by <3.13.90.
    return any(specifiers.contains(f"{python}.{patch}", prereleases=True) for patch in (0, 5, 99))
