"""How much of a machine is kept busy."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from pylayer.processors import Processors, confined, confinement, some

COUNT = "import os; print(len(os.sched_getaffinity(0)))"


def test_no_more_than_there_are_compute_at_once():
    """The others wait."""
    processors, busy, most, lock = Processors(2), [], [], threading.Lock()

    def work():
        with processors.one():
            with lock:
                busy.append(1)
                most.append(len(busy))
            threading.Event().wait(0.01)
            with lock:
                busy.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (2, 8) == (max(most), len(most))


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no such bound")
def test_threads_and_programs_keep_to_the_processors_of_a_run():
    """Also those that have threads of their own; afterwards all is as it was."""
    before, seen = os.sched_getaffinity(0), []
    with confined(1):
        thread = threading.Thread(target=lambda: seen.append(os.sched_getaffinity(0)))
        thread.start()
        thread.join()
        told = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, check=True).stdout
        assert 1 == confinement()
    assert ([1], b"1\n", before, None) == (
        [len(batch) for batch in seen],
        told,
        os.sched_getaffinity(0),
        confinement(),
    )


def test_more_than_the_machine_has_is_no_bound():
    """Nothing is asked of the system."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    with confined(10_000):
        assert before == (os.sched_getaffinity(0) if before else None)


def test_the_same_processors_for_one_run_and_others_for_another():
    """All jobs of a run share them; two runs on a machine do not."""
    assert {2, 5} == some([5, 1, 2], 2, seed=4)
    assert {1, 5} == some([5, 1, 2], 2, seed=5)
    assert {1, 2, 5} == some([5, 1, 2], 9, seed=5)
