"""Whatever ends a run, nothing that it started runs on, and no folder of its own is left."""

from __future__ import annotations

import os
import signal
import time

import pytest
from factories.monorepo import empty
from factories.processes import started_with

from pylayer.store import Store

pytestmark = pytest.mark.command

BACKEND = """
import os, subprocess, sys, time

def build_wheel(folder, config_settings=None, metadata_directory=None):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    with open(os.environ["SAID"] + "/now", "w"):
        pass
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


def ended(mono, tmp_path, number):
    """Send a signal in the middle of the build; the status, and the processes of the build that are left."""
    process = mono.start("layers", TMPDIR=str(tmp_path / "tmp"))
    deadline = time.monotonic() + 120
    said = tmp_path / "said"
    while not (said / "now").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    assert len(started_with(f"SAID={said}")) >= 2
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    while started_with(f"SAID={said}") and time.monotonic() < deadline:
        time.sleep(0.05)
    return process.returncode, started_with(f"SAID={said}")


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
