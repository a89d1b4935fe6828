"""Tests of pylayer/inside/stream.py, run as the program that it is."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pylayer.engines import Job
from pylayer.engines.scripts import script_text
from pylayer.engines.wire import Results, pack
from pylayer.monorepo.trees import TreeEntry
from pylayer.processors import confined

if TYPE_CHECKING:
    from pathlib import Path

ENV = {"SOURCE_DATE_EPOCH": "315532800", "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0"}
BACKEND = """
def build_wheel(folder, *_):
    {}
    open(folder + "/a-1-py3-none-any.whl", "w")
    return "a-1-py3-none-any.whl"
"""


def run(folder: Path, build: str, *, cut: int = 0) -> tuple[subprocess.CompletedProcess[bytes], Results]:
    """Run a job whose backend runs `build`, in `folder`; `cut` bytes of its stream do not come."""
    job = Job(
        name="example",
        script="hook",
        request={"backend": "backend", "backend_path": ["."]},
        tree=(TreeEntry(name="backend.py", source=BACKEND.format(build).encode()),),
    )
    packed = b"".join(pack(job, folder=str(folder / "work"), env=ENV))
    done = subprocess.run(
        [sys.executable, "-c", script_text("stream")],
        check=False,
        input=packed[: len(packed) - cut],
        capture_output=True,
        cwd=folder,
    )
    (folder / "into").mkdir()
    results = Results(folder / "into")
    results.feed(done.stdout)
    return done, results


def test_job_in_and_results_out(tmp_path: Path) -> None:
    """The answer and the files of `out` come back, and the job's folder is gone."""
    done, results = run(tmp_path, "pass")
    assert (0, True) == (done.returncode, results.complete)
    assert "a-1-py3-none-any.whl" == results.done(0).answer["wheel"]
    assert [tmp_path / "into"] == list(tmp_path.iterdir())


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    """Whatever the job prints, by Python or by a program, is in its log, in order."""
    _, results = run(tmp_path, "import os; print('one'); os.system('echo two'); os.write(2, b'three')")
    assert (True, "one\ntwo\nthree") == (results.complete, results.done(0).log)


def test_input_is_not_the_jobs(tmp_path: Path) -> None:
    """A job that asks for input finds none."""
    _, results = run(tmp_path, "import sys; assert sys.stdin.read() == ''")
    assert (True, 0) == (results.complete, results.status)


def test_status_of_a_failure(tmp_path: Path) -> None:
    """A job that raises has status 1 and its traceback, and results all the same."""
    done, results = run(tmp_path, "raise ValueError('no')")
    assert (1, True, 1) == (done.returncode, results.complete, results.status)
    assert "ValueError: no" in results.done(1).log


def test_thread_left_running(tmp_path: Path) -> None:
    """A thread that a job leaves running does not hold it up."""
    _, results = run(
        tmp_path, "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    )
    assert results.complete


def test_stream_that_breaks_off(tmp_path: Path) -> None:
    """A job that did not come completely is not run, and leaves nothing."""
    done, results = run(tmp_path, "pass", cut=10)
    assert (1, False) == (done.returncode, results.complete)
    assert b"the job's files ended early, in src/backend.py" in done.stderr
    assert [tmp_path / "into"] == list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no such bound")
def test_a_job_keeps_to_the_processors_of_its_run(tmp_path: Path) -> None:
    """What counts them, as ninja, cargo and make -j$(nproc) do, starts no more."""
    with confined(1):
        _, results = run(tmp_path, "import os; print(len(os.sched_getaffinity(0)))")
    assert "1\n" == results.done(0).log


LIVES = """
import os, sys
if not os.getuid():
    os.setgroups([])
exec(sys.argv[1].rpartition("if __name__")[0])
print(lives(os.getpid(), os.getuid()), lives(os.getpid(), 54321), lives(2**30, 0))
"""


def test_processes_are_known_by_their_users() -> None:
    """Also those without groups, of which the kernel says nothing after the colon."""
    words = [sys.executable, "-c", LIVES, script_text("stream")]
    found = subprocess.run(words, check=True, capture_output=True, text=True)
    assert ["True", "False", "False"] == found.stdout.split()
