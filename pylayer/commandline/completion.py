"""What is on a command line so far → what its last word can become; the scripts with which shells ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pylayer.commands import table
from pylayer.commands.command import options_of
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pylayer.commands.command import Option

CORE = ("--help", "--list", "--version", "--print-completion-script")
# Shells expand what they are given as words: a branch, say, could have any name.
_PLAIN = re.compile(r"[\w.,/@+=-]+", re.ASCII)

_SCRIPTS = {
    "bash": """\
_complete_pylayer() {
    local IFS=$'\\n'
    COMPREPLY=( $(compgen -W "$(pylayer --complete -- "${COMP_WORDS[@]:0:COMP_CWORD+1}")" -- "$2") )
}
complete -F _complete_pylayer -o default pylayer
""",
    "fish": """\
function __complete_pylayer
    pylayer --complete -- (commandline -opc) (commandline -ct)
end
complete --command pylayer --no-files --arguments '(__complete_pylayer)'
complete --command pylayer --condition '__fish_seen_argument -l manifest -s m' --force-files
""",
    "zsh": """\
_complete_pylayer() {
    local -a found
    found=( ${(f)"$(pylayer --complete -- "${(@)words[1,CURRENT]}")"} )
    if (( $#found )); then compadd -- $found; else _files; fi
}
if (( ! $+functions[compdef] )); then autoload -Uz compinit && compinit -i; fi
compdef _complete_pylayer pylayer
""",
}
SHELLS = tuple(_SCRIPTS)


def candidates(words: Sequence[str]) -> Iterator[str]:
    """The words that can stand last in a line of `words`, the program's own name first among them or not."""
    first = words[0].rpartition("/")[2] if words else ""
    typed = list(words[1:] if first == "pylayer" else words)
    command = next((word for word in typed if word in table.NAMES), None)
    if command is None or (typed and typed[-1] == command):
        if typed[-2:-1] == ["--print-completion-script"]:
            yield from SHELLS
        else:
            yield from (CORE if typed and typed[-1].startswith("-") else table.NAMES)
        return
    options = options_of(table.load(command))
    before, last = typed[:-1], typed[-1] if typed else ""
    for candidate in _of_command(options, before, last):
        if _PLAIN.fullmatch(candidate):
            yield candidate


def _of_command(options: Sequence[Option], before: Sequence[str], last: str) -> Iterator[str]:
    names = {f"--{each.name}": each for each in options if not each.positional}
    names |= {f"-{each.short}": each for each in options if each.short and not each.positional}
    option, equals, value = last.partition("=")
    if before[-1:] == ["="]:  # bash takes it for a word
        yield from _values(names.get("".join(before[-2:-1])), last)
    elif last == "=":
        yield from _values(names.get("".join(before[-1:])), "")
    elif equals and option in names:
        yield from (f"{option}={each}" for each in _values(names[option], value))
    elif (asking := names.get("".join(before[-1:]))) and asking.value:
        yield from _values(asking, last)
    elif (positional := next((each for each in options if each.positional), None)) and last[:1] != "-":
        yield from _values(positional, last)
    else:
        yield from (name for name in names if name.startswith("--"))
        yield "--help"


def _values(option: Option | None, word: str) -> Iterator[str]:
    """What a value can be that begins with `word`; of several with commas between them, the last."""
    from pylayer.commands import completing

    if option is None or not option.completes:
        return
    done, comma, rest = word.rpartition(",") if option.many else ("", "", word)
    yield from (f"{done}{comma}{each}" for each in completing.values(option.completes, rest))


def script(shell: str) -> list[str]:
    """The lines that make a shell ask for candidates; UsageError for a shell that is not known."""
    if shell not in SHELLS:
        what = f'has no script for the shell "{shell}"' if shell else "needs the name of a shell"
        raise UsageError(what, where="--print-completion-script", hint=f"one of {', '.join(SHELLS)}")
    return _SCRIPTS[shell].splitlines()
