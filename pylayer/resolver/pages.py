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
    if why := _beyond(request, settings):
        places = {name: " or ".join(each.name for each in settings.pinned(name)) for name in sorted(names)}
        raise ResolveError.of(
            Fault(
                what=f"{name} is overridden, and pinned to the index {place}: uv cannot be held to it {why}",
                hint="state its version under `constraints`, or take it out of what is overridden",
            )
            for name, place in places.items()
        )
    with Web(settings := with_default(settings)) as web:
        for name in names:
            page = folder / name / "index.html"
            page.parent.mkdir(parents=True)
            links = (_link(file) for file in candidates(name, settings=settings, web=web))
            page.write_text("<!DOCTYPE html>\n<html><body>\n" + "".join(links) + "</body></html>\n")
    return Index.at(folder.as_uri())


def logins(names: Collection[str], *, settings: IndexSettings) -> dict[str, str]:
    """Give names of nothing, each with an index of those that `names` are pinned to and that wants a login.

    Of what is pinned to an index uv is given the login, and then takes all files from there with it.
    """
    indexes = {each.name for name in names for each in settings.pinned(name) if each.login}
    return {f"pylayer-login-{number}": name for number, name in enumerate(sorted(indexes))}


def _beyond(request: Request, settings: IndexSettings) -> str:
    """What keeps pages from being enough; empty where nothing does."""
    if request.exclude_newer:
        return "with exclude-newer"
    return "" if settings.strategy == "first-index" else f"with the strategy {settings.strategy}"


def _link(file: File) -> str:
    digest = f"#sha256={file.sha256}" if file.sha256 else ""
    python = f' data-requires-python="{escape(file.requires_python)}"' if file.requires_python else ""
    yanked = ' data-yanked=""' if file.yanked else ""
    return f'<a href="{escape(file.url + digest)}"{python}{yanked}>{escape(file.filename)}</a>\n'
