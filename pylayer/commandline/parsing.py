"""The words after a command's name → the Command with its options, or one error with all that is wrong.

`--name value`, `--name=value`, `-n value`, `-nvalue`; flags in a row (`-lv`); after `--` come words alone.
Of an option that is there twice the last counts, unless it gathers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pylayer.commands import table
from pylayer.commands.command import options_of
from pylayer.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pylayer.commands.command import Command, Option


def read(words: Sequence[str]) -> Command:
    """Make the Command that `words` ask for, its name first; UsageError with everything wrong in them."""
    name, *rest = words
    if name not in table.NAMES:
        raise UsageError(
            f'there is no command "{name}"', hint=nearest(name, table.NAMES) or "see pylayer --help"
        )
    kind = table.load(name)
    reader = _CommandWords(name, options_of(kind))
    reader.read(rest)
    if reader.faults:
        raise UsageError.of(reader.faults)
    return kind(**reader.values)


def nearest(word: str, choices: Iterable[str]) -> str:
    """Ask whether the nearest of `choices` was meant; nothing where none is near."""
    from difflib import get_close_matches

    close = get_close_matches(word, list(choices), n=1)
    return f"did you mean {close[0]}?" if close else ""


class _CommandWords:
    """Takes the words of one command, and gathers what is wrong with them."""

    def __init__(self, command: str, options: Sequence[Option]) -> None:
        self._command = command
        self._options = {f"--{each.name}": each for each in options}
        self._options |= {f"-{each.short}": each for each in options if each.short}
        self._positional = next((each for each in options if each.positional), None)
        self.values: dict[str, Any] = {}
        self.faults: list[Fault] = []

    def read(self, words: Sequence[str]) -> None:
        """Take all of them."""
        rest = list(words)
        while rest:
            word = rest.pop(0)
            if word == "--":
                for each in rest:
                    self._word(each)
                break
            if word.startswith("-") and len(word) > 1:
                self._option(word, rest)
            else:
                self._word(word)
        if self._positional and self._positional.attribute not in self.values and not self.faults:
            self._wrong(f"needs a {self._positional.value}", hint=f"see pylayer {self._command} --help")

    def _option(self, word: str, rest: list[str]) -> None:
        """Take an option, and its value from the `rest` where it is not in the word itself."""
        name, equals, value = word.partition("=")
        if not word.startswith("--") and not equals:
            name, value = word[:2], word[2:]
        option = self._options.get(name)
        if option is None:
            self._wrong(f"there is no option {name}", hint=nearest(name, self._options))
            if rest and not _is_option(rest[0], self._options):
                rest.pop(0)  # likely its value
        elif not option.value:
            if equals:
                self._wrong(f"{name} takes no value")
            self.values[option.attribute] = True
            if value and not equals:  # flags in a row
                self._option(f"-{value}", rest)
        elif value or equals:
            self._value(option, name, value)
        elif rest and not _is_option(rest[0], self._options):
            self._value(option, name, rest.pop(0))
        elif option.bare:
            self.values[option.attribute] = True
        else:
            self._wrong(f"{name} needs a value", hint=f"write {name} {option.value}")

    def _word(self, word: str) -> None:
        if self._positional:
            self._value(self._positional, self._positional.value, word)
        elif word in table.NAMES:
            self._wrong("one command at a time", hint=f"then run: pylayer {word}")
        else:
            self._wrong(f'takes no names, but was given "{word}"', hint=self._instead(word))

    def _instead(self, word: str) -> str:
        for name in ("only", "layer"):
            if f"--{name}" in self._options:
                return f"write: pylayer {self._command} --{name} {word}"
        return f"see pylayer {self._command} --help"

    def _value(self, option: Option, name: str, word: str) -> None:
        try:
            value = option.read(word)
        except ValueError as error:
            self._wrong(f'{name}: "{word}" {error}' if word else f"{name} is empty")
            return
        if option.many:
            value = (*self.values.get(option.attribute, ()), *value)
        self.values[option.attribute] = value

    def _wrong(self, what: str, *, hint: str = "") -> None:
        self.faults.append(Fault(what=what, where=self._command, hint=hint))


def _is_option(word: str, options: Iterable[str]) -> bool:
    """Whether a word is an option; a negative number is a value, of which its option says what it thinks."""
    return (
        word == "--"
        or word.partition("=")[0] in options
        or (word.startswith("-") and not word[1:2].isdigit())
    )
