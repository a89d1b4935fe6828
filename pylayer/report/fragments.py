"""Sizes, shares and legends → the small pieces of HTML that all sections of a page share."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pylayer.report import drawing, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LIMIT = words.LIMIT.replace(" ", "&nbsp;")


def table(heads: Sequence[tuple[str, str]], rows: Iterable[str]) -> str:
    """A table of (class, title) of columns, and rows; on a narrow screen its cells stand below each other."""
    head = "".join(f"<th scope=col class='{kind}'>{title}</th>" for kind, title in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def cell(label: str, content: str, *, kind: str = "") -> str:
    """A cell of a table; `label` is its column, which a narrow screen shows with it."""
    return f"<td class='{kind}' data-label='{escape(label)}'>{content}</td>"


def size_cell(label: str, count: int) -> str:
    """A cell of a table that shows bytes, and holds their exact number."""
    return (
        f"<td class=n data-label='{escape(label)}' data-bytes={count} title='{count:,} bytes'>"
        f"{words.size(count)}</td>"
    )


def gauge(parts: Sequence[tuple[float, str]], whole: float) -> str:
    """A bar, and its share of the whole in words."""
    part = words.share(sum(value for value, _ in parts), whole)
    return f"<span class=gauge>{drawing.bar(parts, whole)}<small>{part}</small></span>"


def found_by(*texts: str) -> str:
    """An attribute by which the filter finds an element: what it is about."""
    return f"data-find='{escape(' '.join(dict.fromkeys(' '.join(texts).lower().split())), quote=True)}'"


def of_layers(*names: str) -> str:
    """An attribute by which the filter shows an element with these layers."""
    return f"data-of='{escape(' '.join(names), quote=True)}'"


def keys(keys: Sequence[tuple[str, str]]) -> str:
    """A legend of (class, text)."""
    return f"<ul class=keys>{''.join(_key(kind, text) for kind, text in keys)}</ul>"


def _key(kind: str, text: str) -> str:
    square = f"<svg aria-hidden=true><rect class='{kind}' width='100%' height='100%'/></svg>"
    return f"<li>{square}{escape(text)}</li>"
