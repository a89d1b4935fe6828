"""The texts of the help."""

from __future__ import annotations

import pytest

from pylayer.commandline import helping
from pylayer.commands import table
from pylayer.commands.command import options_of


@pytest.mark.parametrize("name", table.NAMES)
def test_every_option_of_a_command_is_told(name):
    """With its short form, and with what follows it."""
    text = "\n".join(helping.of_command(name))
    for option in options_of(table.load(name)):
        assert (option.value if option.positional else f"--{option.name}") in text
        assert not option.short or option.positional or f"-{option.short}, --{option.name}" in text


def test_how_options_are_written():
    """Values that must be there, and those that may."""
    text = "\n".join(helping.of_command("lock"))

    assert "-u, --upgrade [NAMES]" in text
    assert "-j, --jobs N" in text
    assert "Usage: pylayer why BUILD [BUILD ...] [options]" in list(helping.of_command("why"))


def test_a_narrow_terminal_has_it_all(monkeypatch):
    """Wrapped within the right column."""
    monkeypatch.setenv("COLUMNS", "80")

    assert 80 >= max(len(line) for name in table.NAMES for line in helping.of_command(name))
