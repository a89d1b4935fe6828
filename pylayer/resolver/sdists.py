"""A requirement that may be built from source → the sdist to build, without running anything of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from pylayer.errors import ResolveError
from pylayer.index.indexes import to_fetch
from pylayer.index.pins import Pin
from pylayer.index.simple import candidates
from pylayer.index.web import Web
from pylayer.markers import holds
from pylayer.names import normalise
from pylayer.resolver.uvtool import with_default

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.specifiers import SpecifierSet

    from pylayer.index.indexes import IndexSettings
    from pylayer.index.simple import File
    from pylayer.resolver.requirements import ResolverPython

_DURATION = re.compile(r"P?(\d+)\s*(hour|day|week|D|W)s?(?:\s+ago)?", re.IGNORECASE)


def sdist(
    requirement: str,
    *,
    python: ResolverPython,
    settings: IndexSettings,
    constraints: Sequence[str] = (),
    exclude_newer: str = "",
) -> Pin:
    """Pick the newest sdist that satisfies `requirement` and `constraints` and allows the Python.

    Raises ResolveError where there is none, or DownloadError where an index cannot be asked.
    """
    wanted = Requirement(requirement)
    name, specifier = normalise(wanted.name), wanted.specifier
    for each in map(Requirement, constraints):
        if normalise(each.name) == name and holds(each.marker, python.markers):
            specifier &= each.specifier
    settings = with_default(settings)
    with Web(settings) as web:
        files = [file for file in candidates(name, settings=settings, web=web) if not file.is_wheel]
    fitting = [file for file in files if _allows(file, python, specifier, before=cutoff(exclude_newer))]
    versions = set(specifier.filter(sorted({file.version for file in fitting})))
    # Most have one; of a .tar.gz and a .zip, the former is what PEP 625 asks for.
    ordered = sorted(
        (file for file in fitting if file.version in versions),
        key=lambda file: (file.version, file.filename.endswith(".tar.gz")),
    )
    if not ordered:
        newest = max((file.version for file in files), default=None)
        hint = f"its newest sdist is {newest}" if newest else "it may have wheels, which need no build"
        raise ResolveError(f"{requirement} has no sdist for it", where=python.label, hint=hint)
    if not ordered[-1].sha256:
        raise ResolveError("its index gives no sha256 for it", where=ordered[-1].filename)
    return _pin(name, ordered[-1], settings=settings)


def offered_sdists(pins: Sequence[Pin], *, settings: IndexSettings) -> list[Pin]:
    """Give every sdist that the indexes offer of the distributions of `pins`."""
    settings = with_default(settings)
    with Web(settings) as web:
        return [
            _pin(name, file, settings=settings)
            for name in sorted({pin.name for pin in pins})
            for file in candidates(name, settings=settings, web=web)
            if not file.is_wheel
        ]


def _pin(name: str, file: File, *, settings: IndexSettings) -> Pin:
    own = settings.pinned(name)
    return Pin(
        name=name,
        version=str(file.version),
        filename=file.filename,
        sha256=file.sha256,
        url=to_fetch(file.url),
        size=file.size,
        index=own[0].name if own else None,
        yanked=file.reason if file.yanked else None,
    )


def _allows(file: File, python: ResolverPython, specifier: SpecifierSet, *, before: datetime | None) -> bool:
    exact = any(each.operator in {"==", "==="} for each in specifier)
    return may_be_used(file, python, before=before) and (exact or not file.yanked)


def may_be_used(file: File, python: ResolverPython, *, before: datetime | None) -> bool:
    """Whether an sdist allows the Python, and was there before a moment, where one is given."""
    uploaded = _moment(file.uploaded)
    old_enough = before is None or (uploaded is not None and uploaded < before)
    return python.satisfies(file.requires_python) and old_enough


def cutoff(text: str) -> datetime | None:
    """Read a moment as uv does: a date counts with the whole of its day, a duration from now back."""
    if not text:
        return None
    if match := _DURATION.fullmatch(text.strip()):
        hours = {"h": 1, "d": 24, "w": 168}[match[2][0].lower()] * int(match[1])
        return datetime.now(UTC) - timedelta(hours=hours)
    if (moment := _moment(text)) is None:
        raise ResolveError(
            f"exclude-newer {text!r} is not a date", hint="write 2026-01-31, or 2026-01-31T12:00:00Z"
        )
    return moment if "T" in text.upper() else moment + timedelta(days=1)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        return None
