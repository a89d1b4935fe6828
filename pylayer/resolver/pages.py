"""Distributions that are pinned to an index, and overridden → pages of that index which uv asks first.

uv takes an overridden name from any index: what says which it comes from is the requirement that the override
takes the place of. Of the first index that has a name, it asks no others.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pylayer.errors import Fault, ResolveError
from pylayer.index.indexes import Index
from pylayer.index.simple import candidates
from pylayer.index.web import Web
from pylayer.resolver.uvtool import with_default

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from pylayer.index.indexes import IndexSettings
    from pylayer.index.simple import File
    from pylayer.resolver.requirements import Request


def written(names: Collection[str], folder: Path, *, request: Request, settings: IndexSettings) -> Index:
    """Write what the indexes that `names` are pinned to have of them, as an index in `folder`.

    Raises DownloadError where they cannot be asked, and ResolveError where uv would need more than pages.
    """
    if faults := [
        Fault(
            what=f"{name} is overridden, and pinned to the index {' or '.join(each.name for each in own)}: "
            f"{why}, uv would take it from others",
            hint="state its version under `constraints`, or take it out of what is overridden",
        )
        for name in sorted(names)
        if (why := _beyond(own := settings.pinned(name), request, settings))
    ]:
        raise ResolveError.of(faults)
    with Web(settings := with_default(settings)) as web:
        for name in names:
            page = folder / name / "index.html"
            page.parent.mkdir(parents=True)
            links = (_link(file) for file in candidates(name, settings=settings, web=web))
            page.write_text("<!DOCTYPE html>\n<html><body>\n" + "".join(links) + "</body></html>\n")
    return Index.at(folder.as_uri())


def _beyond(own: Collection[Index], request: Request, settings: IndexSettings) -> str:
    """What keeps pages from being enough; empty where nothing does."""
    if any(each.login for each in own):
        return "which asks who asks"
    if request.exclude_newer:
        return "with exclude-newer"
    return "" if settings.strategy == "first-index" else f"with the strategy {settings.strategy}"


def _link(file: File) -> str:
    digest = f"#sha256={file.sha256}" if file.sha256 else ""
    python = f' data-requires-python="{escape(file.requires_python)}"' if file.requires_python else ""
    yanked = ' data-yanked=""' if file.yanked else ""
    return f'<a href="{escape(file.url + digest)}"{python}{yanked}>{escape(file.filename)}</a>\n'
