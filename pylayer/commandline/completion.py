"""What is on a command line so far → what its last word can become; the scripts with which shells ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pylayer.commands import table
from pylayer.commands.command import options_of
from pylayer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CORE = ("--help", "--list", "--version", "--print-completion-script")

_SCRIPTS = {
    "bash": """\
_complete_pylayer() {
    COMPREPLY=( $(compgen -W "$(pylayer --complete -- "${COMP_WORDS[@]:0:COMP_CWORD+1}")" -- "$2") )
}
complete -F _complete_pylayer -o default pylayer
""",
    "fish": """\
function __complete_pylayer
    pylayer --complete -- (commandline -opc) (commandline -ct)
end
complete --command pylayer --no-files --arguments '(__complete_pylayer)'
""",
    "zsh": """\
_complete_pylayer() {
    reply=( $(pylayer --complete -- "${(@)words}") )
}
compctl -K _complete_pylayer + -f pylayer
""",
}
SHELLS = tuple(_SCRIPTS)


def candidates(words: Sequence[str]) -> Iterator[str]:
    """The words that can stand last in a line of `words`, the program's own name among them or not."""
    typed = [word for word in words if word.rpartition("/")[2] != "pylayer"]
    command = next((word for word in typed if word in table.NAMES), None)
    if command is None or (typed and typed[-1] == command):
        yield from (CORE if typed and typed[-1].startswith("-") else table.NAMES)
        return
    yield from (f"--{option.name}" for option in options_of(table.load(command)) if not option.positional)
    yield "--help"


def script(shell: str) -> list[str]:
    """The lines that make a shell ask for candidates; UsageError for a shell that is not known."""
    if shell not in SHELLS:
        what = f'has no script for the shell "{shell}"' if shell else "needs the name of a shell"
        raise UsageError(what, where="--print-completion-script", hint=f"one of {', '.join(SHELLS)}")
    return _SCRIPTS[shell].splitlines()
