"""An engine is a class and an entry in the table: every command knows it then."""

from __future__ import annotations

from typing import Any

import pytest
from factories.engines import ABSENT, WORKBENCH, host_target

from pylayer import enginetable
from pylayer.commands import table
from pylayer.commands.running import run_command
from pylayer.enginetable import ENGINES

TARGET = host_target()


@pytest.fixture
def shop(entered, monkeypatch):
    """A workspace that is built in this process, with a third engine, which `auto` asks before this host."""
    monkeypatch.setattr(
        enginetable,
        "ENGINES",
        {"docker": ENGINES["docker"], "workbench": WORKBENCH, "local": ENGINES["local"]},
    )
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    monkeypatch.chdir(entered.root)
    entered.member("libapp", "lib", building=["helper"])
    entered.offer("lib", "1.0")
    entered.offer("helper", "1.0")
    layers(entered, "workbench")
    return entered


def ran(name: str, **options: Any) -> int:
    """Run a command in this process; its exit status."""
    return run_command(lambda: table.load(name)(**options))


def layers(shop, engine):
    """Write a layers.toml that names an engine."""
    shop.manifest(
        f'packages = ["packages/*"]\nengine = "{engine}"\n[defaults]\nbytecode = false\n'
        f'runtimes = ["{TARGET.runtime}"]\narchitectures = ["{TARGET.architecture}"]\n'
    )


def test_layers_toml_names_it(shop, capsys):
    """It builds, and what it locked is enough."""
    assert ran("layers") == 0, capsys.readouterr().err
    assert {"lib": "1.0", "libapp": "1.0"} == shop.versions(f"libapp-{TARGET}")
    assert ran("layers", locked=True) == 0, capsys.readouterr().err


def test_a_name_that_is_not_there_is_told_of_it(shop, capsys):
    """By layers.toml as by the command line."""
    assert ran("layers", engine="mainframe") == 2
    assert "one of auto, docker, workbench, local" in capsys.readouterr().err
    layers(shop, "mainframe")

    assert ran("layers") == 3
    assert 'must be "auto" or "docker" or "workbench" or "local"' in capsys.readouterr().err


def test_auto_asks_it_in_its_turn(shop, capsys):
    """Docker is asked before it, and this host only where it does not answer."""
    layers(shop, "auto")
    assert ran("layers") == 0
    assert "building what is possible on the workbench" in capsys.readouterr().err


def test_where_it_does_not_answer_the_next_one_does(shop, capsys, monkeypatch):
    """From the same lock, which stays as it is."""
    layers(shop, "auto")
    assert ran("lock") == 0
    before = shop.lock
    monkeypatch.setenv(ABSENT, "1")
    assert ran("layers") == 0
    told = capsys.readouterr().err

    why = "the workbench does not answer (the workbench is not plugged in)"
    assert f"{why}: building what is possible on this host" in told
    assert before == shop.lock
    assert ran("layers", engine="workbench") == 7


def test_doctor_and_cache_ask_it(shop, capsys):
    """What it is, what it reaches, and what it keeps."""
    assert ran("layers") == 0
    capsys.readouterr()
    assert ran("doctor") == 0
    told = capsys.readouterr().out
    assert "docker   not tried: the engine must be workbench" in told
    assert f"{TARGET!s:<18} workbench Python {TARGET.runtime.python}" in told
    assert "lock     layers.lock, " in told

    assert ran("cache", older_than="0s") == 0
    told = capsys.readouterr().out
    assert "build environments of workbench" in told
    assert "workbench 0 B in 0 build environments" in told


def test_verify_tries_by_it(shop, capsys):
    """The archives that it made."""
    assert ran("layers") == 0
    assert ran("verify") == 0, capsys.readouterr().err
    assert f"libapp-{TARGET}  works" in capsys.readouterr().out
