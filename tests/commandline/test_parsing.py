"""Words → a command with its options, or what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pylayer.commandline import parsing
from pylayer.commands.build_layer import BuildLayerCommand
from pylayer.commands.cache import CacheCommand
from pylayer.commands.layers import LayersCommand
from pylayer.commands.lock import LockCommand
from pylayer.commands.publish import PublishCommand
from pylayer.errors import UsageError


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("layers", LayersCommand()),
        ("layers --only a-* --only b,c", LayersCommand(only=("a-*", "b", "c"))),
        ("layers --jobs=3 --manifest x/layers.toml", LayersCommand(jobs=3, manifest=Path("x/layers.toml"))),
        ("layers -j3 -o a -sl", LayersCommand(jobs=3, only=("a",), strict=True, locked=True)),
        ("layers -svj 2", LayersCommand(strict=True, verbose=True, jobs=2)),
        ("layers --jobs 2 --jobs 4", LayersCommand(jobs=4)),
        ("build-layer a b,c --locked d", BuildLayerCommand(name=("a", "b", "c", "d"), locked=True)),
        ("build-layer --name a", BuildLayerCommand(name=("a",))),
        ("build-layer -- a layers", BuildLayerCommand(name=("a", "layers"))),
        ("lock", LockCommand()),
        ("lock --upgrade", LockCommand(upgrade=True)),
        ("lock --upgrade=a,b --dry-run", LockCommand(upgrade=("a", "b"), dry_run=True)),
        ("lock --upgrade a --dry-run", LockCommand(upgrade=("a",), dry_run=True)),
        ("lock --upgrade --locked", LockCommand(upgrade=True, locked=True)),
        ("cache --older-than 30d", CacheCommand(older_than="30d")),
        (
            "publish --region eu-west-1,us-east-1 -d",
            PublishCommand(region=("eu-west-1", "us-east-1"), dry_run=True),
        ),
    ],
)
def test_a_line_is_a_command(line, command):
    """Each way to write options and their values."""
    assert command == parsing.read(line.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["layrs"], 'there is no command "layrs"; did you mean layers?'),
        (["xyz"], 'there is no command "xyz"; see pylayer --help'),
        ([""], 'there is no command ""; see pylayer --help'),
        (["layers", "--ony", "a"], "there is no option --ony; did you mean --only?"),
        (["layers", "-x"], "there is no option -x"),
        (["layers", "-sx"], "there is no option -x"),
        (["layers", "--jobs", "x"], '--jobs: "x" is not a number of 1 or more'),
        (["layers", "--jobs", "-1"], '--jobs: "-1" is not a number of 1 or more'),
        (["layers", "--jobs", "0"], '--jobs: "0" is not a number of 1 or more'),
        (["layers", "--jobs=1.5"], '--jobs: "1.5" is not a number of 1 or more'),
        (["layers", "--jobs"], "--jobs needs a value; write --jobs N"),
        (["prune", "--keep", "x"], '--keep: "x" is not a number of 1 or more'),
        (["prune", "--keep", "-1"], '--keep: "-1" is not a number of 1 or more'),
        (["prune", "--keep", "0"], '--keep: "0" is not a number of 1 or more'),
        (["layers", "--only"], "--only needs a value; write --only GLOB"),
        (["layers", "--only", "--strict"], "--only needs a value; write --only GLOB"),
        (["layers", "--only", "a", "--only"], "--only needs a value; write --only GLOB"),
        (["layers", "--only", ""], "--only is empty"),
        (["layers", "--only="], "--only is empty"),
        (["layers", "--only", "a,,b"], '--only: "a,,b" has an empty name'),
        (["publish", "--layer"], "--layer needs a value; write --layer GLOB"),
        (["publish", "--region"], "--region needs a value; write --region REGION"),
        (["publish", "--profile", " "], '--profile: " " is empty'),
        (["layers", "--strict=yes"], "--strict takes no value"),
        (["lock", "--upgrade="], "--upgrade is empty"),
        (["build-layer"], "needs a NAME; see pylayer build-layer --help"),
        (["build-layer", ""], "NAME is empty"),
        (["build-layer", "a,"], 'NAME: "a," has an empty name'),
        (["layers", "liba"], 'takes no names, but was given "liba"; write: pylayer layers --only liba'),
        (["prune", "liba"], 'takes no names, but was given "liba"; write: pylayer prune --layer liba'),
        (["audit", "liba"], 'takes no names, but was given "liba"; see pylayer audit --help'),
        (["lock", "layers"], "one command at a time; then run: pylayer layers"),
    ],
)
def test_what_is_wrong_is_one_line_with_what_to_type(words, told):
    """Never less than what was asked for, and never everything."""
    with pytest.raises(UsageError) as caught:
        parsing.read(words)

    assert told == str(caught.value).removeprefix(f"{words[0]}: ")


def test_all_that_is_wrong_is_told_at_once():
    """A line each."""
    with pytest.raises(UsageError) as caught:
        parsing.read(["prune", "--keep", "x", "--regoin", "--layer"])

    assert [
        'prune: --keep: "x" is not a number of 1 or more',
        "prune: there is no option --regoin; did you mean --region?",
        "prune: --layer needs a value; write --layer GLOB",
    ] == str(caught.value).splitlines()
