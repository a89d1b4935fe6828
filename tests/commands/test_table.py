"""The table of commands, and what each of them must have."""

from __future__ import annotations

from dataclasses import is_dataclass
from pathlib import Path

import pytest

import pylayer.commands
from pylayer.commands import table
from pylayer.commands.command import Command, options_of


@pytest.mark.parametrize("name", table.NAMES)
def test_a_command_is_one_module(name):
    """Named after it, with a dataclass that says what it does, and options that do not clash."""
    kind = table.load(name)
    options = options_of(kind)
    shorts = [option.short for option in options if option.short]

    assert issubclass(kind, Command)
    assert is_dataclass(kind)
    assert table.summary(name).endswith(".")
    assert all(option.help for option in options)
    assert len({*shorts}) == len(shorts)
    assert not {"h", "help"} & {*shorts, *(option.name for option in options)}


def test_every_module_of_a_command_is_in_the_table():
    """So that a command cannot be forgotten."""
    folder = Path(pylayer.commands.__file__).parent
    found = {path.stem for path in folder.glob("*.py") if "Command(Command):" in path.read_text()}

    assert {name.replace("-", "_") for name in table.NAMES} == found
