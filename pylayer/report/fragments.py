"""Sizes and legends → the small pieces of HTML that all sections of a page share."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pylayer.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = words.LIMIT.replace(" ", "&nbsp;")


def size_cell(count: int) -> str:
    """A cell of a table that shows bytes, and holds their exact number."""
    return f"<td class=n data-bytes={count} title='{count:,} bytes'>{words.size(count)}</td>"


def keys(keys: Sequence[tuple[str, str]]) -> str:
    """A legend of (class, text)."""
    return f"<ul class=keys>{''.join(_key(kind, text) for kind, text in keys)}</ul>"


def _key(kind: str, text: str) -> str:
    square = f"<svg aria-hidden=true><rect class='{kind}' width='100%' height='100%'/></svg>"
    return f"<li>{square}{escape(text)}</li>"
