"""Completion in real shells, at a terminal, of this repository's own layers."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from factories.monorepo import ROOT

from pylayer.commandline import completion

pytestmark = pytest.mark.command

START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
PATIENCE = 30
MISSING = pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")


@pytest.fixture(params=START)
def typed(request, tmp_path):
    """Type something in a shell that has the script; what was on the screen once `until` was there."""
    shell = request.param
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    script = tmp_path / "script"
    script.write_text("\n".join(completion.script(shell)) + "\n")
    env = {**os.environ, "PYLAYER_CACHE_DIR": str(tmp_path / "store"), "TERM": "dumb", "HOME": str(tmp_path)}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    main, other = pty.openpty()
    process = subprocess.Popen(
        START[shell], stdin=other, stdout=other, stderr=other, cwd=ROOT, env=env, start_new_session=True
    )
    os.close(other)

    def shown(until):
        seen, end = "", time.monotonic() + PATIENCE
        while until not in seen and time.monotonic() < end:
            if select.select([main], [], [], 0.1)[0]:
                seen += os.read(main, 65536).decode(errors="replace").replace("\a", "")
        assert until in seen, seen
        return seen

    def type_in(text, until):
        os.write(main, text.encode())
        return shown(until)

    type_in(f"source {script}; echo re''ady\n", "ready")
    yield type_in
    process.kill()
    process.wait()
    os.close(main)


def test_a_layer(typed):
    """Where one is named."""
    typed("pylayer build-layer libnot\t", "libnotify")


def test_a_build(typed):
    """Once it is clear of which layer."""
    typed("pylayer layers --only libnotify-python3.13-a\t", "libnotify-python3.13-arm64")


def test_a_command_and_an_option(typed):
    """As far as they are unique."""
    typed("pylayer mat\t", "matrix")
    typed("--sha\t", "--shards")


@MISSING
@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("pylayer build-layer libnot", ["libnotify"]),
        ("pylayer layers --only libnotify-python3.13-a", ["libnotify-python3.13-arm64"]),
        ("pylayer layers --only=libnotify-python3.13-a", ["--only=libnotify-python3.13-arm64"]),
        ("pylayer mat", ["matrix"]),
        ("pylayer matrix --by ar", ["architecture"]),
        ("pylayer layers --manifest layers.t", ["layers.toml"]),
    ],
)
def test_fish(tmp_path, line, found):
    """By what it asks itself."""
    script = tmp_path / "script"
    script.write_text("\n".join(completion.script("fish")) + "\n")
    env = {**os.environ, "PYLAYER_CACHE_DIR": str(tmp_path / "store"), "HOME": str(tmp_path)}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    words = ["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"]
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert found == done.stdout.split()
