"""Tables in terminals, and lines elsewhere."""

from __future__ import annotations

import io

import pytest
from factories.terminals import terminal

from pylayer.console import Console
from pylayer.console.tables import Table

TABLE = Table(
    head=("build", "layer", "state", "size", "why"),
    rows=(
        ("a-1", "a", ("fresh", "green"), "1.0 KiB", ""),
        ("a-2", "a", ("stale", "yellow"), "12.0 MiB", "a\x1b[2J changed"),
        ("b-1", "b", ("fresh", "green"), "9 B", ""),
    ),
    foot="3 builds",
    plain=("build", "state", "size", "why"),
    drawn=("layer", "state", "size", "why"),
    right=("size",),
    first=("why",),
    once=("layer",),
)


def test_a_pipe_gets_lines_alone(monkeypatch):
    """A row in each, without colours; what stands in cells commands no terminal."""
    out = io.StringIO()
    Console(out, out).table(TABLE)

    assert [
        "a-1  fresh   1.0 KiB",
        r"a-2  stale  12.0 MiB  a\x1b[2J changed",
        "b-1  fresh       9 B",
    ] == out.getvalue().splitlines()


@pytest.mark.parametrize("columns", [100, 36])
def test_a_terminal_gets_a_table(monkeypatch, columns):
    """Its layers once each; what has no room is cut."""
    monkeypatch.setenv("TERM", "xterm-256color")
    with terminal(columns=columns) as screen:
        Console(screen.file, screen.file).table(TABLE)
        head, _rule, first, second, third, foot = screen.shown

    assert ["layer", "state", "size", "why"] == head.split()
    assert ["a", "fresh", "1.0", "KiB"] == first.split()
    assert ["stale", "12.0", "MiB"] == second.split()[:3]
    assert ("…" in second) is (columns == 36)
    assert (["b", "fresh", "9", "B"], "3 builds") == (third.split(), foot)
