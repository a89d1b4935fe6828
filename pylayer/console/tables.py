"""Rows → a table in a terminal, and elsewhere lines whose columns stand below each other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, TextIO

from pylayer import shown
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Cell = str | tuple[str, str]  # with a colour

_GAP = 3  # columns between two cells
_NARROW = 100  # columns below which what is `first` to go has no room


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows below their `head`.

    `plain` and `drawn` name the columns that lines have, and a table. Numbers are at the `right`; the columns
    that go `first` are those that a narrow terminal cuts or leaves out, the last one before the others. What
    is the same as in the row above in all of the columns `once` is drawn once.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: str
    plain: tuple[str, ...]
    drawn: tuple[str, ...]
    right: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    once: tuple[str, ...] = ()


def lines(table: Table) -> Iterator[str]:
    """Lines for whoever reads on: a row in each, nothing above or below, two blanks or more between cells."""
    places = [table.head.index(name) for name in table.plain]
    cells = [[_text(row[place]) for place in places] for row in table.rows]
    widths = [max((len(row[place]) for row in cells), default=0) for place in range(len(places))]
    for row in cells:
        yield "  ".join(
            cell.rjust(width) if name in table.right else cell.ljust(width)
            for cell, width, name in zip(row, widths, table.plain, strict=True)
        ).rstrip()


def draw(table: Table, stream: TextIO, *, colour: bool) -> None:
    """Draw a table on a terminal, as wide as that."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console as Terminal
    from rich.table import Table as Drawn
    from rich.text import Text

    width = os.get_terminal_size(stream.fileno()).columns
    names = [name for name in table.drawn if width >= _NARROW or name not in table.first[1:]]
    drawn = Drawn(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for name, room in _widths(table, names, width).items():
        justify: Literal["left", "right"] = "right" if name in table.right else "left"
        drawn.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", width=room)
    same = [table.head.index(name) for name in table.once]
    above: list[Cell] | None = None
    for row in table.rows:
        group = [row[place] for place in same]
        again, above = group == above, group
        cells = ["" if again and name in table.once else row[table.head.index(name)] for name in names]
        drawn.add_row(*(Text(_text(cell), cell[1] if isinstance(cell, tuple) else "") for cell in cells))
    terminal = Terminal(
        file=stream,
        force_terminal=True,
        no_color=not colour,
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
    )
    terminal.print(drawn)
    terminal.print(Text(table.foot), soft_wrap=True)


def _widths(table: Table, names: Sequence[str], width: int) -> dict[str, int]:
    """How wide columns are drawn: those that go `first` share what the others leave, the last one a third."""
    widest = {
        name: max(len(name), *(len(_text(row[table.head.index(name)])) for row in table.rows))
        if table.rows
        else len(name)
        for name in names
    }
    flexible = [name for name in reversed(table.first) if name in widest]
    left = width - _GAP * (len(names) - 1) - sum(widest[name] for name in names if name not in flexible)
    for name in flexible:
        share = left if name == table.first[0] else left // 3
        widest[name] = max(min(widest[name], share), len(name))
        left -= widest[name]
    return widest


def _text(cell: Cell) -> str:
    return shown.line(cell if isinstance(cell, str) else cell[0])
