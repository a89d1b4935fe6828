"""The table of commands → the texts of `pylayer --help`, `pylayer COMMAND --help` and `pylayer --list`."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from typing import TYPE_CHECKING

from pylayer.commands import table
from pylayer.commands.command import options_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pylayer.commands.command import Option

_MARGIN = 3  # blanks between the columns
_LONGEST = max(map(len, table.NAMES))
_NARROWEST = 40  # characters that the right column has at least

CORE = (
    ("-h, --help [COMMAND]", "this overview, or what a command does and its options"),
    ("-l, --list", "the commands, one per line"),
    ("-V, --version [-v]", "the version, Python's and the platform; with -v the engines too"),
    (
        "--print-completion-script SHELL",
        "a script that completes commands, options, layers and builds: bash, zsh or fish",
    ),
)

_EXAMPLES = (
    ("pylayer layers", "build everything, into dist/layers"),
    ("pylayer build-layer libexample --engine local", "build one layer, without Docker"),
)


def overview() -> Iterator[str]:
    """The lines of `pylayer --help`."""
    yield "pylayer builds the private packages of a Python monorepo into AWS Lambda layers."
    yield ""
    yield "Usage: pylayer COMMAND [options]"
    for group, names in table.GROUPS.items():
        rows = [(f"{name:<{_LONGEST}}", table.summary(name)) for name in names]
        yield from ("", f"{group}:", *_columns(rows))
    yield from ("", "Options:", *_columns(CORE))
    yield from ("", "Examples:", *_columns(_EXAMPLES))


def of_command(name: str) -> Iterator[str]:
    """The lines of `pylayer NAME --help`."""
    kind = table.load(name)
    options = options_of(kind)
    words = "".join(f" {each.value} [{each.value} ...]" for each in options if each.positional)
    yield f"Usage: pylayer {name}{words} [options]"
    yield ""
    for paragraph in inspect.cleandoc(kind.__doc__ or "").split("\n\n"):
        yield from textwrap.wrap(paragraph, shutil.get_terminal_size().columns)
    if positional := [each for each in options if each.positional]:
        yield from ("", *_columns((each.value, each.help) for each in positional))
    named = [(spelling(each), each.help) for each in options if not each.positional]
    yield from ("", "Options:", *_columns([*named, ("-h, --help", "this help")]))


def listing() -> Iterator[str]:
    """The lines of `pylayer --list`, which other programs may read."""
    yield from (f"{name:<{_LONGEST}}{' ' * _MARGIN}{table.summary(name)}" for name in table.NAMES)


def spelling(option: Option) -> str:
    """An option as it is typed, with its value: `-o, --only GLOB`."""
    value = f" [{option.value}]" if option.bare else f" {option.value}" if option.value else ""
    short = f"-{option.short}, " if option.short else ""
    return f"{short}--{option.name}{value}"


def _columns(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Two columns, the right one wrapped to the terminal."""
    rows = list(pairs)
    left = max(len(row) for row, _ in rows)
    width = max(_NARROWEST, shutil.get_terminal_size().columns - left - _MARGIN - 2)
    for row, told in rows:
        first, *more = textwrap.wrap(told, width) or [""]
        yield f"  {row:<{left}}{' ' * _MARGIN}{first}".rstrip()
        yield from (" " * (2 + left + _MARGIN) + line for line in more)
