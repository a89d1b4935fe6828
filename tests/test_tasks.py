"""invoke tasks from the table of commands."""

from __future__ import annotations

from typing import Any

import pytest
from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.parser import Parser

from pylayer import tasks
from pylayer.commands import table
from pylayer.commands.command import options_of
from pylayer.errors import UsageError


@pytest.fixture
def parsed():
    """Parse a line as invoke does: the values of its first task."""
    collection = Collection.from_module(tasks)

    def parse(*words):
        context = Parser(contexts=collection.to_contexts()).parse_argv(list(words))[0]
        return {name: value for name, value in context.as_kwargs.items() if value is not None}

    return parse


@pytest.mark.parametrize("name", table.NAMES)
def test_a_task_has_the_options_of_its_command(name):
    """By their names and their letters, with their help."""
    task = tasks.ns[name]
    options = options_of(table.load(name))
    found = {argument.name: (argument.names, argument.help) for argument in task.get_arguments()}

    assert found == {
        option.attribute: ((option.name, option.short) if option.short else (option.name,), option.help)
        for option in options
    }
    assert table.load(name).__doc__ == task.__doc__


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("layers", {}),
        ("layers --only a --only b,c --jobs 2 -s", {"only": ("a", "b", "c"), "jobs": 2, "strict": True}),
        ("build-layer a,b --verify-outputs", {"name": ("a", "b"), "verify_outputs": True}),
        ("lock --upgrade", {"upgrade": True}),
        ("lock --upgrade a,b", {"upgrade": ("a", "b")}),
        ("prune --keep 3", {"keep": 3}),
    ],
)
def test_a_line_gives_what_was_said(parsed, line, values):
    """And nothing for what was not, which keeps its default."""
    assert values == parsed(*line.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["layers", "--jobs", "x"], 'error: --jobs: "x" is not a number of 1 or more'),
        (["build-layer", ""], "error: --name: is empty"),
        (["layers", "--only="], "error: --only: is empty"),
    ],
)
def test_a_value_that_cannot_be_read_ends_with_status_2(parsed, words, told):
    """In a line."""
    with pytest.raises(Exit) as caught:
        parsed(*words)

    assert (2, told) == (caught.value.code, caught.value.message)


def test_a_task_is_there_by_its_name():
    """And what is none is none."""
    assert tasks.build_layer is tasks.ns["build-layer"]
    assert not hasattr(tasks, "layrs")


@pytest.mark.parametrize("name", table.NAMES)
def test_a_dry_run_of_invoke_is_the_command_s_own_or_refused(name):
    """Never the real thing."""
    kind = table.load(name)
    given = {option.attribute: ("a",) for option in options_of(kind) if option.positional}
    if name in {"init", "layers", "build-layer", "publish", "prune", "cache", "clean", "lock"}:
        asked: list[Any] = [tasks._asked(name, kind, given, dry=dry) for dry in (True, False)]
        assert [True, False] == [command.dry_run for command in asked]
    else:
        with pytest.raises(UsageError, match=f"--dry: {name} has no dry run; run it without --dry"):
            tasks._asked(name, kind, given, dry=True)
