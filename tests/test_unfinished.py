"""Tests of pylayer.unfinished."""

from __future__ import annotations

from factories.engines import child

from pylayer import unfinished


def test_what_a_dead_process_left_goes(tmp_path):
    """What a living one writes stays, and what is a user's."""
    dead = child("")
    dead.communicate()
    own = unfinished.beside(tmp_path / "layers.json")
    names = [f".layers.lock.{dead.pid}-0123456789ab", own.name, f".env.{dead.pid}", "layers.json"]
    for name in names:
        (tmp_path / name).write_text("")
    unfinished.sweep(tmp_path)
    assert set(names[1:]) == {path.name for path in tmp_path.iterdir()}


def test_a_folder_that_is_not_there_has_nothing(tmp_path):
    """Before the first run."""
    unfinished.sweep(tmp_path / "dist")
