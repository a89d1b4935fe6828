"""The table of commands, and what each of them must have."""

from __future__ import annotations

import io
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pytest

import pylayer.commands
from pylayer.commands import table
from pylayer.commands.command import Command, options_of
from pylayer.console import Console
from pylayer.errors import ManifestError


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


# `cache` reads layers.toml with `--remote` alone.
WITH_MANIFEST = [
    name
    for name in table.NAMES
    if name != "cache" and "manifest" in {each.attribute for each in options_of(table.load(name))}
]


@pytest.mark.parametrize(
    ("name", "named"),
    # One needs pip-audit first, and the other waits for what is to come.
    [(name, False) for name in WITH_MANIFEST]
    + [(name, True) for name in WITH_MANIFEST if name not in {"audit", "watch"}],
)
def test_where_there_is_no_layers_toml_a_command_names_init(tmp_path, monkeypatch, name, named):
    """Whether it is looked for, or named and not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path / "store"))
    kind = table.load(name)
    given: dict[str, Any] = {option.attribute: ("a",) for option in options_of(kind) if option.positional}
    if named:
        given["manifest"] = tmp_path / "other.toml"
    with pytest.raises(ManifestError) as caught:
        kind(**given).run(Console(out=io.StringIO(), err=io.StringIO()))

    assert "pylayer init" in caught.value.faults[0].hint


def test_every_module_of_a_command_is_in_the_table():
    """So that a command cannot be forgotten."""
    folder = Path(pylayer.commands.__file__).parent
    is_one = re.compile(r"(?ms)^class \w+Command\(\w*Command\):.*^    def run\(self, lines: Console\)")
    found = {path.stem for path in folder.glob("*.py") if is_one.search(path.read_text())}

    assert {name.replace("-", "_") for name in table.NAMES} == found
