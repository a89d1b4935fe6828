"""A fresh wheel, what its build saw → the requirements by addresses of which nobody wrote anything down.

This host asks for what a wheel requires, with its network and its credentials. A build that has neither could
tell anybody anything by an address that it makes up, and take in what nobody declared.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pylayer.index.gits import PREFIX
from pylayer.markers import readable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pylayer.monorepo.trees import TreeEntry

_LARGEST = 1 << 20  # bytes of a file in which people write addresses


def undeclared(requires: Iterable[str], entries: Iterable[TreeEntry], values: Iterable[str]) -> list[str]:
    """Give those of `requires` (PEP 508) on servers that no file of `entries`, and none of `values`, names.

    Of an address without a server, it is the path that has to be there. Scripts put addresses together, and
    backends write them in their way: all of one need not stand there.
    """
    left = {text: place for text in requires if "@" in text and (place := _place(text))}
    if not left:
        return []
    for content in (*(value.encode() for value in values), *_contents(entries)):
        lower = content.lower()
        left = {text: place for text, place in left.items() if place not in lower}
        if not left:
            break
    return [*left]


def _place(text: str) -> bytes:
    """What an address leads to, in lower case; nothing for a requirement without one, or on a file."""
    url = next((each.url for each in readable([text]) if each.url), "")
    try:
        parts = urlsplit(url.removeprefix(PREFIX))
        if parts.scheme == "file" and not url.startswith(PREFIX):
            return b""  # refused wherever it is followed, if it is no project of the monorepo
        place = parts.hostname or parts.path.partition("@")[0]
    except ValueError:
        place = url
    return place.lower().encode(errors="surrogateescape")


def _contents(entries: Iterable[TreeEntry]) -> Iterator[bytes]:
    for entry in entries:
        if isinstance(entry.source, bytes):
            yield entry.source
            continue
        with suppress(OSError):  # that a file has gone meanwhile is told once the build has ended
            if entry.source.stat().st_size <= _LARGEST:
                yield entry.source.read_bytes()
