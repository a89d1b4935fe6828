"""Whether a process is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pylayer.liveness import alive, marks_living, own_mark, started


def test_this_process_lives_and_one_that_ended_does_not():
    """Once it is waited for, its number is free."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert alive(os.getpid())
    assert not alive(process.pid)


@pytest.mark.parametrize("pid", [0, -1, 1 << 70])
def test_what_is_no_process(pid):
    """0 and less mean groups: asked naively, the system says yes."""
    assert not alive(pid)


def test_the_first_process_lives_though_it_is_root_s():
    """That it cannot be signalled does not matter."""
    assert alive(1)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_start_time_tells_two_of_one_number_apart():
    """It is a count of ticks, and that of nobody is empty."""
    assert started(os.getpid()).isdigit()
    assert not started(1 << 40)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_number_that_is_given_again_is_another_process():
    """What was left by the one before is nobody's; where no start is told, the number decides."""
    pid, ticks = own_mark().split("-")
    assert marks_living(pid, ticks)
    assert marks_living(pid, None)
    assert not marks_living(pid, str(int(ticks) - 1))
    assert not marks_living(str(1 << 40), ticks)
