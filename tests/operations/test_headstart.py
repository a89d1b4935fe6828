"""What an edit's run begins with, before it knows what to build."""

from __future__ import annotations

import threading

import pytest

import pylayer
from pylayer.engines import choose
from pylayer.engines.local.engine import LocalEngine
from pylayer.errors import EngineError
from pylayer.operations import buildruns

BEGAN = {"image": "the first one"}


@pytest.fixture
def begun(monkeypatch):
    """What engines of this host, which have nothing to begin with, were told to begin with."""
    told: list[object] = []
    monkeypatch.setattr(LocalEngine, "began", property(lambda _: BEGAN))
    monkeypatch.setattr(LocalEngine, "begin", lambda _, what, begun: told.append(what))
    return told


def edited(shop):
    """Build, after an edit of a project."""
    path = shop.root / "packages/liba/liba.py"
    path.write_text(path.read_text() + "EDITED = True\n")
    return pylayer.build(shop.root / "layers.toml")


def test_an_edit_begins_with_what_the_last_run_began_with(shop, begun):
    """A first run does not, nor one that finds nothing changed."""
    for _ in range(2):
        pylayer.build(shop.root / "layers.toml").raise_for_errors()
    assert begun == []
    edited(shop).raise_for_errors()
    assert begun == [BEGAN]


def test_an_engine_that_does_not_answer_is_left_to_the_run(shop, begun, monkeypatch):
    """Which connects once more, and says what is wrong if it still is."""
    pylayer.build(shop.root / "layers.toml").raise_for_errors()
    connect, failures = LocalEngine.connect, ["once"]

    def failing(**options):
        if failures:
            raise EngineError(f"does not answer {failures.pop()}")
        return connect(**options)

    class Early:
        def close(self):
            begun.append("closed")

    monkeypatch.setattr(LocalEngine, "connect", failing)
    monkeypatch.setattr(choose, "begin", lambda kind, what: Early())
    edited(shop).raise_for_errors()
    assert (begun, failures) == (["closed"], [])


def test_what_a_run_found_is_kept_while_engines_end(shop, monkeypatch):
    """Which takes as long; the run waits for it all the same."""
    kept, ended = threading.Event(), []
    close, remember = LocalEngine.close, buildruns._remember

    def closing(engine):
        ended.append(kept.wait(10))
        close(engine)

    def remembering(*given, **more):
        remember(*given, **more)
        kept.set()

    monkeypatch.setattr(LocalEngine, "close", closing)
    monkeypatch.setattr(buildruns, "_remember", remembering)
    pylayer.build(shop.root / "layers.toml").raise_for_errors()
    assert ended
    assert all(ended)
