"""Numbers → what stretches with the page: a treemap of an archive and lanes of a timeline (SVG), bars.

Places are percents and text is in pixels, so that nothing is distorted at any width and no script is needed.
A label is shown from the width on at which it fits, by classes that page.css knows.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pylayer.report import words
from pylayer.report.treemap import Box, squarify
from pylayer.report.weighing import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pylayer.report.gathering import WeighedBuild
    from pylayer.report.weighing import WeighedPart

HEIGHT = 340  # pixels of a treemap
WIDTHS = (300, 400, 500, 600, 700, 800, 920)  # of a page's content, at which labels may appear
_WIDE = 1000  # the width for which a treemap is laid out
_MOST_CELLS = 30
_LAST_MARK = 0.95  # of a timeline: what stands later would run out of the page
_FEWEST = 4  # letters that still tell a name
_LETTER, _MARGIN = 7.4, 14  # pixels of a label's letter, and of what is left beside it
_LINE, _LINES = 26, 46  # pixels of height that a label of one line, and of two, takes


def treemap(build: WeighedBuild, *, label: str) -> str:
    """The distributions of a build by unpacked size, each divided by kinds of files."""
    parts = [part for part in build.weights.parts if part.unzipped_size]
    shown, rest = parts[:_MOST_CELLS], parts[_MOST_CELLS:]
    sizes = [part.unzipped_size for part in shown]
    if rest:
        sizes.append(sum(part.unzipped_size for part in rest))
    boxes = squarify(sizes, Box(0, 0, _WIDE, HEIGHT))
    total = build.entry.unzipped_size
    cells = [_cell(part, box, total) for part, box in zip(shown, boxes, strict=False)]
    if rest:
        text = f"{words.counted(len(rest), 'smaller distribution')}, {words.size(sizes[-1])} unpacked"
        cells.append(_svg(boxes[-1], f"<title>{text}</title>{_rect('k3')}{_rect('edge')}"))
    return (
        f'<svg class="map" role="img" aria-label="{escape(label)}" width="100%" height="{HEIGHT}">'
        f"{''.join(cells)}</svg>"
    )


def bar(parts: Iterable[tuple[float, str]], whole: float, *, height: int = 10) -> str:
    """A bar of one or several (value, class), as part of `whole`, which they may exceed.

    Whatever is there is seen, and so is what is missing: neither is rounded away, at any width.
    """
    shown = [(value, kind) for value, kind in parts if value > 0]
    rest = max(whole - sum(value for value, _ in shown), 0.0)
    every = sum(value for value, _ in shown) + rest
    drawn = "".join(
        f'<i class="{kind}" style="flex-basis:{100 * value / every:.3f}%"></i>' for value, kind in shown
    )
    missing = "<i class=rest></i>" if rest else ""
    return f'<span class=bar aria-hidden=true style="height:{height}px">{drawn}{missing}</span>'


def lane(spans: Sequence[tuple[float, float, str]], whole: float, ticks: Iterable[float]) -> str:
    """When something was done, and of which class, along the time that the `whole` took."""
    lines = "".join(f'<rect class="tick" x="{_percent(at, whole)}" width="1" height="100%"/>' for at in ticks)
    drawn = "".join(
        _span(kind, 100 * started / whole, 100 * (ended - started) / whole, 12, y=4)
        for started, ended, kind in spans
    )
    return f'<svg class="lane" aria-hidden="true" width="100%" height="20">{lines}{drawn}</svg>'


def axis(marks: Iterable[float], whole: float) -> str:
    """The seconds of a timeline's marks, above it."""
    texts = "".join(
        f'<text x="{_percent(at, whole)}" y="11">{_clock(at, whole)}</text>'
        for at in marks
        if at < whole * _LAST_MARK
    )
    return f'<svg aria-hidden="true" width="100%" height="16">{texts}</svg>'


def _clock(at: float, whole: float) -> str:
    return f"{at // 60:.0f}:{at % 60:02.0f}" if whole >= 60 else f"{at:g} s"


def ticks(whole: float) -> list[float]:
    """Round seconds to mark along a timeline, some five of them."""
    step = next(
        (each for each in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600) if whole / each <= 6),
        1800,
    )
    return [step * count for count in range(int(whole / step) + 1)]


def _cell(part: WeighedPart, box: Box, total: int) -> str:
    kinds = ", ".join(f"{kind} {words.size(count)}" for kind, count in part.kinds.items())
    title = (
        f"{part.name} {part.version}".rstrip()
        + f": {words.size(part.unzipped_size)} unpacked ({words.share(part.unzipped_size, total)}),"
        + f" {words.size(part.size)} in the zip; {kinds}"
    )
    ordered = sorted(part.kinds.items(), key=lambda item: -item[1])
    inner = squarify([count for _, count in ordered], Box(0, 0, box.width, box.height))
    drawn = [
        _rect(f"k{KINDS.index(kind)}", _percents(each, box))
        for (kind, _), each in zip(ordered, inner, strict=True)
    ]
    return _svg(
        box,
        f"<title>{escape(title)}</title>{''.join(drawn)}{_rect('edge')}{''.join(_label(part, box, total))}",
    )


def _label(part: WeighedPart, box: Box, total: int) -> Iterator[str]:
    size = f"{words.size(part.unzipped_size)} · {words.share(part.unzipped_size, total)}"
    if box.height >= _LINE:
        yield from _fitting(part.name, "name", 20, box)
    if box.height >= _LINES and (first := _first(len(size), box)):
        yield _text(size, f"size from-{first}", 37)


def _fitting(text: str, kind: str, y: int, box: Box) -> Iterator[str]:
    """The whole text from the width on at which it fits; below that its beginning, where it says enough."""
    whole = _first(len(text), box)
    short = next((at for at in WIDTHS if _letters(box, at) > _FEWEST), None)
    if short and (whole is None or short < whole):
        until = f" to-{whole}" if whole else ""
        yield _text(f"{text[: _letters(box, short) - 1]}…", f"{kind} from-{short}{until}", y)
    if whole:
        yield _text(text, f"{kind} from-{whole}", y)


def _first(letters: int, box: Box) -> int | None:
    """The first width of the page's content at which so many letters fit into `box`."""
    return next((at for at in WIDTHS if _letters(box, at) >= letters), None)


def _letters(box: Box, width: int) -> int:
    return int((box.width * width / _WIDE - _MARGIN) / _LETTER)


def _text(text: str, kind: str, y: int) -> str:
    return f'<text class="{kind}" x="9" y="{y}">{escape(text)}</text>'


def _svg(box: Box, content: str) -> str:
    x, y, width, height = _percents(box, Box(0, 0, _WIDE, HEIGHT))
    return f'<svg x="{x}" y="{y}" width="{width}" height="{height}">{content}</svg>'


def _rect(kind: str, at: tuple[str, ...] = ("0", "0", "100%", "100%")) -> str:
    x, y, width, height = at
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}"/>'


def _span(kind: str, x: float, width: float, height: int, *, y: int = 0) -> str:
    # Something is always a little to see.
    shown = f"{width:.2f}%" if width >= 0.3 else "2"
    at = f'x="{x:.2f}%" y="{y}" width="{shown}" height="{height}"'
    return f'<rect class="{kind}" {at}/>'


def _percents(box: Box, whole: Box) -> tuple[str, ...]:
    pairs = (
        (box.x, whole.width),
        (box.y, whole.height),
        (box.width, whole.width),
        (box.height, whole.height),
    )
    return tuple(_percent(part, all_of_it) for part, all_of_it in pairs)


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole if whole else 0:.3f}".rstrip("0").rstrip(".") + "%"
