"""What the last run left, compared with what is there."""

from __future__ import annotations

import pytest
from factories import there

import pylayer
from pylayer.operations import unchanged
from pylayer.state import opening, snapshot

OPTIONS = {"engine": "", "locked": False}


@pytest.mark.parametrize(
    ("change", "edited"),
    [
        ("packages/liba/liba.py", True),
        ("packages/liba/new.py", True),
        ("layers.toml", False),
        ("layers.lock", False),
        ("packages/liba/pyproject.toml", False),
    ],
)
def test_an_edit_is_told_from_what_may_change_more(shop, change, edited):
    """Of an edit, it is worth beginning with what the last run began with."""
    manifest = shop.root / "layers.toml"
    pylayer.build(manifest).raise_for_errors()
    state = opening.glance(manifest, note=print)

    def look():
        return unchanged.look(state, snapshot.options(**OPTIONS), only=(), names=(), by_hash=False)

    assert (bool(look().kept), look().edited) == (True, False)
    with (shop.root / change).open("a") as file:
        file.write("\n# edited\n")
    assert (look().kept, look().edited) == ({}, edited)


def test_archives_that_are_gone_are_no_edit(shop):
    """They can be put together from what is kept; the others are as they were."""
    manifest = shop.root / "layers.toml"
    [first, *_] = pylayer.build(manifest).outcomes
    there(first.archive).unlink()
    found = unchanged.look(
        opening.glance(manifest, note=print), snapshot.options(**OPTIONS), only=(), names=(), by_hash=False
    )
    assert {*found.kept} == {"libb-python3.11-x86_64"}
    assert {*found.stale} == {"liba-python3.11-x86_64"}
    assert not found.edited
