"""PYLAYER_OUTPUT: another folder for archives, which all commands know."""

from __future__ import annotations

import pytest
from factories.workshop import workshop

pytestmark = pytest.mark.command


@pytest.fixture
def shop(tmp_path):
    with workshop(tmp_path) as made:
        made.member("liba")
        made.layers()
        yield made


def good(ran):
    assert 0 == ran.status, ran.text
    return ran


def test_a_run_writes_there(shop):
    """Also where another one has made all of it elsewhere; each folder has its own layers.json."""
    good(shop.run("layers"))
    good(shop.run("layers", PYLAYER_OUTPUT="out"))
    for folder in (shop.output, shop.root / "out"):
        assert ["layers.json", "liba-python3.11-x86_64.zip"] == sorted(path.name for path in folder.iterdir())
    assert "1 cached" in good(shop.run("layers", PYLAYER_OUTPUT="out")).text


def test_other_commands_look_there(shop):
    """What is elsewhere is not theirs."""
    good(shop.run("layers", PYLAYER_OUTPUT="out"))
    assert "liba" in good(shop.run("report", PYLAYER_OUTPUT="out")).out
    assert 0 != shop.run("report").status
    good(shop.run("clean", PYLAYER_OUTPUT="out"))
    assert not (shop.root / "out").exists()
