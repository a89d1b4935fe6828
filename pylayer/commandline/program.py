"""The words of a process's command line → its exit status: the core options, or a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.commandline import parsing
from pylayer.commands import table
from pylayer.commands.command import Command, options_of
from pylayer.commands.running import run_command
from pylayer.dataclassing import dataclass
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pylayer.console import Console

_SHORT = {"-h": "--help", "-l": "--list", "-V": "--version"}
_HELP = ("-h", "--help")
_CORE = ("--help", "--list", "--version", "--print-completion-script", "--complete")


def main(words: Sequence[str]) -> int:
    """Do what `words` ask for (without the program's own name); the exit status."""
    return run_command(lambda: asked(words))


def asked(words: Sequence[str]) -> Command:
    """What `words` ask for; UsageError with what is wrong with them."""
    if not words:
        return _help("")
    first, *rest = words
    if first.startswith("-"):
        return _core(first, rest)
    before = rest[: rest.index("--")] if "--" in rest else rest
    if first in table.NAMES and any(word in _HELP for word in before):
        return _help(first)
    return parsing.read(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Command):
    """A core option: lines that it gives."""

    text: Callable[[], Iterable[str]]

    def run(self, lines: Console) -> int:
        """Say them."""
        for line in self.text():
            lines.say(line)
        return 0


def _core(word: str, rest: Sequence[str]) -> Command:
    name, _, value = word.partition("=")
    match _SHORT.get(name, name):
        case "--help":
            return _help(value or (rest[0] if rest else ""))
        case "--version":
            from pylayer.commandline import versions

            verbose = not {"-v", "--verbose"}.isdisjoint(rest)
            return Telling(text=lambda: versions.told(engines=verbose))
        case "--list":
            from pylayer.commandline import helping

            return Telling(text=helping.listing)
        case "--complete":
            from pylayer.commandline import completion

            typed = rest[1:] if rest[:1] == ["--"] else rest
            return Telling(text=lambda: completion.candidates(typed))
        case "--print-completion-script":
            from pylayer.commandline import completion

            script = completion.script(value or (rest[0] if rest else ""))
            return Telling(text=lambda: script)
    raise UsageError(f"there is no option {name}", hint=_hint(name, rest))


def _help(name: str) -> Command:
    from pylayer.commandline import helping

    if not name:
        return Telling(text=helping.overview)
    if name not in table.NAMES:
        hint = parsing.nearest(name, table.NAMES) or "see pylayer --help"
        raise UsageError(f'there is no command "{name}"', hint=hint)
    return Telling(text=lambda: helping.of_command(name))


def _hint(name: str, rest: Sequence[str]) -> str:
    """What may have been meant: an option of the command that comes later, or one of pylayer's own."""
    command = next((word for word in rest if word in table.NAMES), None)
    own = [f"--{option.name}" for option in options_of(table.load(command))] if command else []
    meant = parsing.nearest(name, [*own, *_CORE])
    if command:
        options = f"the options of {command} come after it"
        return f"{options}; {meant}" if meant else options
    return meant or "see pylayer --help"
