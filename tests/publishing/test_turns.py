from __future__ import annotations

import subprocess
import sys
import threading

from factories import there

from pylayer.publishing.turns import turn

_HOLDER = """
import sys, time
from pathlib import Path
from pylayer.publishing.turns import turn
with turn(Path(sys.argv[1]), say=print):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_second_waits_for_the_first(tmp_path):
    """Two that want a turn at once have it one after the other, and the second hears why it waits."""
    path = tmp_path / "folder" / "lock"
    said: list[str] = []
    order: list[str] = []

    def second():
        with turn(path, say=said.append):
            order.append("second")

    with turn(path, say=said.append):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.2)
        order.append("first")
    thread.join()

    assert ["first", "second"] == order
    assert ["waiting: another publish or prune runs on this machine"] == said


def test_a_killed_holder_gives_its_turn_back(tmp_path):
    """A process that was killed holds nothing up."""
    path = tmp_path / "lock"
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert "held\n" == there(holder.stdout).readline()
        holder.kill()
    said: list[str] = []
    with turn(path, say=said.append):
        pass

    assert [] == said
