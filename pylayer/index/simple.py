"""An index's page on one name → the files that it offers.

The format is https://packaging.python.org/en/latest/specifications/simple-repository-api/, JSON or HTML.
"""

from __future__ import annotations

import json
from dataclasses import field
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

from packaging.utils import parse_sdist_filename, parse_wheel_filename

from pylayer.dataclassing import dataclass
from pylayer.digests import Digest
from pylayer.errors import DownloadError
from pylayer.index.indexes import local_path
from pylayer.index.web import NotFoundError, TransientError, Web
from pylayer.names import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.tags import Tag
    from packaging.version import Version

    from pylayer.index.indexes import Index, IndexSettings

_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that an index offers; `tags` are empty for an sdist, `sha256` where the index names none.

    `url` and `uploaded` (RFC 3339) are as the index wrote them: the former may hold credentials. `reason` is
    why it was yanked, where that is given.
    """

    filename: str
    url: str = field(repr=False)
    version: Version
    tags: frozenset[Tag] = frozenset()
    sha256: str = ""
    size: int | None = None
    requires_python: str = ""
    yanked: bool = False
    reason: str = ""
    uploaded: str = ""

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel; else it is an sdist."""
        return bool(self.tags)


def candidates(name: str, *, settings: IndexSettings, web: Web) -> tuple[File, ...]:
    """Give what is offered under `name` where the resolver would look, in no order.

    `settings.default` has to be known. That is the indexes that the name is pinned to, or else the first
    that has it (all of them where the strategy says so), and the plain lists of files.
    """
    name = normalise(name)
    indexes: Sequence[Index] = settings.pinned(name)
    if not indexes and not settings.no_index:
        last = (settings.default,) if settings.default else ()
        indexes = [each for each in (*settings.indexes, *last) if not each.explicit]
    found: list[File] = []
    for index in indexes:
        offered = files(name, index=index, web=web)
        found += offered or ()
        if offered is not None and settings.strategy == "first-index":
            break
    for place in settings.find_links:
        found += listed(name, place=place, web=web)
    return tuple(found)


def files(name: str, *, index: Index, web: Web) -> tuple[File, ...] | None:
    """Give what `index` offers under `name`; None where it does not know the name."""
    url = f"{index.url.rstrip('/')}/{normalise(name)}/"
    page = _page(url, web=web, where=str(index))
    return None if page is None else _of_name(name, page)


def listed(name: str, *, place: Index, web: Web) -> tuple[File, ...]:
    """Give what a plain list of files (find-links: a folder, or a page of links) offers under `name`."""
    folder = local_path(place.url)
    if folder and folder.is_dir():
        rows = [{"filename": path.name, "url": path.as_uri()} for path in sorted(folder.iterdir())]
        return _of_name(name, rows)
    return _of_name(name, _page(place.url, web=web, where=str(place)) or ())


def _page(url: str, *, web: Web, where: str) -> Sequence[Mapping[str, Any]] | None:
    if folder := local_path(url):
        page = folder / "index.html"
        if not page.is_file():
            return None
        return web.persist(lambda: _from_html(page.read_text(errors="replace"), url), where=where)

    def ask() -> Sequence[Mapping[str, Any]]:
        with web.get(url, headers={"Accept": _ACCEPT}) as reply:
            text = reply.text()
            html = "json" not in reply.headers.get("Content-Type", "")
            return _from_html(text, reply.url) if html else _from_page(text, reply.url)

    try:
        return web.persist(ask, where=where)
    except NotFoundError:
        return None
    except DownloadError as error:
        fault = error.faults[0]
        raise DownloadError(fault.what, where=where, hint=fault.hint) from error


def _from_page(text: str, page: str) -> list[dict[str, Any]]:
    """Take a page in JSON; a fault in it is the server's, and may pass."""
    try:
        return [_from_json(row, page) for row in json.loads(text)["files"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TransientError("the page does not follow the Simple API") from error


def _from_json(row: Mapping[str, Any], page: str) -> dict[str, Any]:
    """Take one file of a page; TypeError where anything of it is not what the format has there."""
    texts = {
        "filename": row["filename"],
        "url": row["url"],
        "requires_python": row.get("requires-python") or "",
        "uploaded": row.get("upload-time") or "",
    }
    size = row.get("size")
    # Thousands of files are on some pages: one look at all of one's texts.
    if {str} != set(map(type, texts.values())) or not (size is None or (type(size) is int and size >= 0)):
        raise TypeError(row)
    return {
        **texts,
        "url": _joined(page, texts["url"]),
        "sha256": row.get("hashes", {}).get("sha256", ""),
        "size": size,
        "yanked": (yanked := row.get("yanked", False)) is not False,
        "reason": yanked if isinstance(yanked, str) else "",
    }


def _from_html(text: str, page: str) -> list[dict[str, Any]]:
    reader = _Links(page)
    try:
        reader.feed(text)
    except (ValueError, AssertionError) as error:  # an address that is none; a declaration without end
        raise TransientError("the page does not follow the Simple API") from error
    return reader.rows


class _Links(HTMLParser):
    """Collects the anchors of a page, relative to its address or its <base>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._base = page
        self.rows: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        href = given.get("href")
        if tag == "base" and href:
            self._base = urljoin(self._base, href)
        if tag != "a" or not href:
            return
        address, _, fragment = href.partition("#")
        self.rows.append(
            {
                "filename": unquote(address.partition("?")[0].rpartition("/")[2]),
                "url": _joined(self._base, address),
                "sha256": fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else "",
                "requires_python": given.get("data-requires-python") or "",
                "yanked": "data-yanked" in given,
                "reason": given.get("data-yanked") or "",
            }
        )


def _joined(page: str, address: str) -> str:
    # Thousands of files are on some pages, and most have a whole address.
    return address if address.startswith(("https://", "http://")) else urljoin(page, address)


def _of_name(name: str, rows: Sequence[Mapping[str, Any]]) -> tuple[File, ...]:
    """Keep the wheels and sdists that are called `name`; what has no valid file name is left out."""
    wanted, found = normalise(name), []
    for row in rows:
        filename: str = row["filename"]
        tags: frozenset[Tag] = frozenset()
        try:
            if filename.endswith(".whl"):
                own, version, _, tags = parse_wheel_filename(filename)
            else:
                own, version = parse_sdist_filename(filename)
        except ValueError:  # of packaging, or of Python, for a version of thousands of digits
            continue
        if own == wanted:
            options = {**row, "sha256": Digest.or_none(row.get("sha256")) or ""}
            found.append(File(version=version, tags=tags, **options))
    return tuple(found)
