"""What layers hold is handed to pip-audit, and nothing whose name is nobody else's business."""

from __future__ import annotations

import sys

import pytest
from factories.workshop import workshop

pytestmark = pytest.mark.command

# Stands for pip-audit: prints what it is given, and ends as the file says.
AUDITOR = f"""#!{sys.executable}
import os, sys
print(" ".join(word for word in sys.argv[1:] if word.startswith("--")))
print(open(sys.argv[-1]).read())
sys.exit(int(os.environ.get("AUDITOR_STATUS", "0")))
"""


@pytest.fixture
def shop(tmp_path):
    """A locked layer, and a pip-audit of our own."""
    with workshop(tmp_path) as shop:
        shop.offer("third", "1.0")
        shop.member("liba", "third")
        shop.layers()
        assert 0 == shop.run("lock").status
        # A module of this name goes before a program.
        shop.file("bin/pip_audit.py", AUDITOR)
        shop.env["PYTHONPATH"] = f"{shop.root / 'bin'}"
        yield shop


def test_it_is_given_what_is_locked(shop):
    """With its versions, and told to resolve nothing."""
    ran = shop.run("audit")

    assert 0 == ran.status, ran.text
    assert "--no-deps --disable-pip --progress-spinner --requirement" in ran.out
    assert "third==1.0" in ran.out


def test_what_it_finds_is_an_error(shop):
    """With its own words before."""
    ran = shop.run("audit", AUDITOR_STATUS="1")

    assert (12, True) == (ran.status, "pip-audit ended with status 1" in ran.err), ran.text


def test_without_a_lock_there_is_nothing_to_audit(shop):
    """The error says how to get one."""
    (shop.root / "layers.lock").unlink()
    ran = shop.run("audit")

    assert (5, True) == (ran.status, "run `pylayer lock`" in ran.err), ran.text
