"""Whatever ends a run, nothing that it started runs on, and no folder of its own is left."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from factories.monorepo import empty

from pylayer.store import Store

pytestmark = pytest.mark.command

BACKEND = """
import os, subprocess, sys, time

def build_wheel(folder, config_settings=None, metadata_directory=None):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    with open(os.environ["SAID"] + "/pids", "w") as file:
        file.write(f"{os.getpid()} {child.pid}")
    time.sleep(300)
"""


@pytest.fixture
def mono(tmp_path):
    """A monorepo of one project, whose build starts a program and does not end."""
    mono = empty(tmp_path)
    mono.manifest(
        'packages = ["packages/*"]\nengine = "local"\n'
        '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\nbytecode = false\n'
        f'[projects.slow]\nenv = {{ SAID = "{tmp_path / "said"}" }}\n'
    )
    mono.file(
        "packages/slow/pyproject.toml",
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "slow"\nversion = "1.0"\n',
    )
    mono.file("packages/slow/backend.py", BACKEND)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "said").mkdir()
    return mono


def running(pid):
    """Whether a process is there, and no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def ended(mono, tmp_path, number):
    """Send a signal in the middle of the build; the status, and the processes of the build that are left."""
    process = mono.start("layers", TMPDIR=str(tmp_path / "tmp"))
    deadline = time.monotonic() + 120
    said = tmp_path / "said" / "pids"
    while not said.exists() or len(said.read_text().split()) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    pids = [int(pid) for pid in said.read_text().split()]
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    while any(map(running, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return process.returncode, [pid for pid in pids if running(pid)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_local_builds_and_leaves_nothing(mono, tmp_path, number):
    """The status says which signal it was."""
    assert (128 + number, []) == ended(mono, tmp_path, number)
    assert [] == list((tmp_path / "tmp").iterdir())
    store = Store(mono.store)
    store.open()  # a thread may have begun a folder at the very end: whoever opens the store next removes it
    store.close()
    assert [] == list((mono.store / "scratch").iterdir())
    assert not list(mono.output.glob(".*"))


def test_a_kill_ends_local_builds_too(mono, tmp_path):
    """What it leaves on disk, the next run removes."""
    assert (-signal.SIGKILL, []) == ended(mono, tmp_path, signal.SIGKILL)
