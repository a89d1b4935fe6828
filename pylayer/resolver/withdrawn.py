"""Pins → those of them that whoever published them has yanked since, by their indexes' pages."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from pylayer.index.simple import candidates
from pylayer.index.web import Web
from pylayer.resolver.uvtool import with_default

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pylayer.index.indexes import IndexSettings
    from pylayer.index.pins import Pin
    from pylayer.index.simple import File

_AT_ONCE = 16


def withdrawn(pins: Iterable[Pin], *, settings: IndexSettings) -> tuple[Pin, ...]:
    """Give those pins whose files are yanked (PEP 592), sorted, with the reasons that are given.

    Each index is asked for the names that the resolver would ask it for. Raises DownloadError.
    """
    settings = with_default(settings)
    files = {pin.filename: pin for pin in pins}
    names = sorted({pin.name for pin in files.values()})
    with (
        Web(settings, connections=_AT_ONCE) as web,
        ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="page") as pool,
    ):
        asked = [pool.submit(candidates, name, settings=settings, web=web) for name in names]
        offered: list[File] = [file for each in asked for file in each.result()]
    found = [
        replace(files[file.filename], yanked=file.reason)
        for file in offered
        if file.yanked and file.filename in files
    ]
    return tuple(sorted(found, key=lambda pin: (pin.name, pin.version, pin.filename)))
