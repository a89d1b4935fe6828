"""A run in a terminal → lines that scroll, and below them, kept up to date, what is being done.

One thread writes all of it, the lines too, so that they never mix. rich is imported there, and only where a
run takes long enough for a board to be read.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

from pylayer.amounts import size_text
from pylayer.console import wording
from pylayer.outcomes import State
from pylayer.stepnames import build_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console as Terminal
    from rich.console import ConsoleDimensions, RenderableType
    from rich.live import Live

    from pylayer.activity import Activity, Work

PATIENCE = 0.4  # seconds that a run may take without a board
_PAUSE = 0.125
_MOST_ROWS = 12
_NARROW = 72  # columns below which a build's name has no room
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_STYLES = {State.BUILT: "green", State.CACHED: "cyan", State.FAILED: "bold red", State.SKIPPED: "yellow"}


class Board:
    """What `activity` is at, drawn below the lines on `stream`, which is a terminal.

    `counts` gives how many builds ended how; `write` writes a line to a stream where there is no board.
    """

    def __init__(
        self,
        stream: TextIO,
        activity: Activity,
        *,
        counts: Callable[[], Mapping[State, int]],
        write: Callable[[TextIO, str], None],
        colour: bool,
    ) -> None:
        self._stream = stream
        self._activity = activity
        self._counts = counts
        self._write = write
        self._colour = colour
        self._began = time.perf_counter()
        self._lines: deque[tuple[TextIO, str]] = deque()
        self._live: Live | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, name="pylayer-board", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def print(self, stream: TextIO, text: str) -> None:
        """Have a line printed above the board, soon."""
        if self._thread.is_alive():
            self._lines.append((stream, text))
        else:
            self._write(stream, text)

    def stop(self) -> None:
        """Take the board away, and leave the lines; the cursor is shown again."""
        self._ended.set()
        self._thread.join()

    def _show(self) -> None:
        try:
            while not self._ended.wait(_PAUSE):
                if self._live is None and time.perf_counter() - self._began >= PATIENCE:
                    self._live = self._opened()
                self._draw()
            self._flush()
        finally:
            live, self._live = self._live, None
            if live is not None:
                live.stop()
            self._flush()

    def _opened(self) -> Live:
        from rich.console import Console as Terminal
        from rich.live import Live

        terminal = Terminal(
            file=self._stream,
            force_terminal=True,
            no_color=not self._colour,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
        )
        live = Live(
            console=terminal,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        live.start()
        return live

    def _draw(self) -> None:
        self._flush()
        if self._live is not None:
            # rich would ask for that of the standard streams.
            self._live.console.size = _dimensions(self._stream)
            self._live.update(self._board(self._live.console), refresh=True)

    def _flush(self) -> None:
        """Print what waits: on the board's own terminal above it, elsewhere as it comes."""
        above = []
        while self._lines:
            stream, text = self._lines.popleft()
            if self._live is not None and stream.isatty():
                above.append(text)
            else:
                self._write(stream, text)
        if above and self._live is not None:
            from rich.text import Text

            self._live.console.print(Text.from_ansi("\n".join(above)), soft_wrap=True)

    def _board(self, terminal: Terminal) -> RenderableType:
        from rich.console import Group

        width, height = terminal.size
        works = _by_row(self._activity.running)
        room = max(min(_MOST_ROWS, height - 4), 1)
        shown = works if len(works) <= room else works[: max(room - 1, 1)]
        more = len(works) - len(shown)
        return Group(self._rows(shown, more=more, width=width), self._footer(width))

    def _rows(self, works: list[Work], *, more: int, width: int) -> RenderableType:
        from rich.table import Table
        from rich.text import Text

        wide = width >= _NARROW
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(no_wrap=True, width=1)
        if wide:
            table.add_column(no_wrap=True, overflow="ellipsis", max_width=width // 2)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True, justify="right", min_width=5)
        frame = _FRAMES[int(time.perf_counter() / _PAUSE) % len(_FRAMES)]
        for work in works:
            style = "yellow" if work.waiting else "cyan"
            build = build_of(work.keys)
            doing = wording.doing(work)
            if wide and doing.endswith(f" {build}"):  # said beside it
                doing = doing.removesuffix(f" {build}")
            named = [Text(build)] if wide else []
            table.add_row(
                Text(frame, style),
                *named,
                Text(doing, "yellow" if work.waiting else ""),
                Text(wording.since(work), "dim"),
            )
        if more:
            table.add_row("", Text(f"and {more} more", "dim"))
        return table

    def _footer(self, width: int) -> RenderableType:
        from rich.text import Text

        counts = self._counts()
        done, total = sum(counts.values()), self._activity.total
        parts = [Text(wording.clock(time.perf_counter() - self._began))]
        if total:
            parts.append(Text(f"{done} of {total} builds", "bold"))
        elif not _by_row(self._activity.running):
            parts.append(Text("looking at the monorepo", "bold"))
        told = {
            state: count for state, count in counts.items() if count and (count, state) != (done, State.BUILT)
        }
        parts += [Text(f"{count} {state.value}", _STYLES[state]) for state, count in told.items()]
        if self._activity.received:
            parts.append(Text(f"{size_text(self._activity.received)} downloaded", "dim"))
        text = Text("  ").join(parts)
        text.truncate(width, overflow="ellipsis")
        text.no_wrap = True
        return text


def _by_row(running: list[Work]) -> list[Work]:
    """What has a name, once: several pieces of work for one step are as old as the first of them."""
    rows: dict[tuple[str, str], Work] = {}
    for work in running:
        if text := wording.doing(work):
            rows.setdefault((text, build_of(work.keys)), work)
    return list(rows.values())


def _dimensions(stream: TextIO) -> ConsoleDimensions:
    from rich.console import ConsoleDimensions

    return ConsoleDimensions(*os.get_terminal_size(stream.fileno()))
