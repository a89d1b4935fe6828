"""How the console command's process ends."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import atexit, sys
from functools import partial
from pylayer import __main__ as console
class Kept:
    def __del__(self): print("taken apart")
kept = Kept()
atexit.register(partial(console._leave, {statuses}))
atexit.register(print, "cleaned up")
sys.exit(3)
"""


def ended(statuses):
    """What a process prints and ends with, that has kept something until then."""
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(statuses=statuses)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.split("\n")[:-1]


def test_it_keeps_its_status_and_cleans_up_but_takes_no_object_apart():
    """What was printed is written, though nobody else flushes it."""
    assert (7, ["cleaned up"]) == ended([7])


def test_what_ended_without_a_status_ends_as_any_python():
    """Such as by an exception that nobody expected."""
    assert (3, ["cleaned up", "taken apart"]) == ended([])
