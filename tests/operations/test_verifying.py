"""`pylayer.verify`: what works, what does not, and what was never built."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pylayer
from pylayer.targets import Architecture

A, B = "liba-python3.11-x86_64", "libb-python3.11-x86_64"


class Heard(pylayer.Reporter):
    """Remembers what was tried."""

    def __init__(self):
        self.names = []

    def tried(self, tried):
        """Remember its name."""
        self.names.append(tried.name)


here = pytest.mark.skipif(
    Architecture.of_machine(platform.machine()) is not Architecture.X86_64,
    reason="imports archives for x86_64 here",
)


@here
def test_what_was_tried(shop):
    """One that works is measured; one whose module fails is an error, and so is one that is missing."""
    shop.file("packages/libb/libb.py", "import nonesuch\n")
    pylayer.build(shop.root / "layers.toml").raise_for_errors()
    heard = Heard()
    report = pylayer.verify(shop.root / "layers.toml", reporter=heard)

    assert [(A, "works"), (B, "failed")] == [(each.name, each.state) for each in report.tried]
    assert ["liba"] == [imported.module for imported in report.tried[0].imports]
    assert (report.tried[0].imports[0].seconds or 0) > 0
    with pytest.raises(pylayer.CheckError, match="nonesuch"):
        report.raise_for_errors()
    assert [A, B] == heard.names


def test_what_was_never_built(shop):
    """Is named, and an error."""
    report = pylayer.verify(shop.root / "layers.toml", only=["liba"])

    assert (A,) == report.missing
    with pytest.raises(pylayer.NotBuiltError):
        report.raise_for_errors()


INTERRUPTED = """
import sys, time, pylayer
try:
    pylayer.verify(sys.argv[1])
except KeyboardInterrupt:
    print("interrupted")
"""


@here
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_an_interrupt_waits_for_no_module(shop, tmp_path):
    """What is being imported is killed, and nothing of it is left."""
    slow = "import os, time\\nprint('it is', os.getpid(), flush=True)\\ntime.sleep(600)\\n"
    shop.file("packages/liba/liba.py", slow.replace("\\n", "\n"))
    pylayer.build(shop.root / "layers.toml", only="liba").raise_for_errors()
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, shop.root / "layers.toml"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    deadline = time.monotonic() + 60
    while not (children := descendants(program.pid)) or "/inside/" not in " ".join(children.values()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    began = time.monotonic()
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=60)

    assert ("interrupted\n", 0) == (out, program.returncode)
    assert time.monotonic() - began < 30
    while left := [pid for pid in children if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() - began < 60, [children[pid] for pid in left]
        time.sleep(0.1)


def descendants(pid):
    """The command lines of what a process started, by number."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
            line = (stat.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        found[int(stat.parent.name)] = (int(words[1]), line)
    family = {pid}
    while more := {each for each, (parent, _) in found.items() if parent in family} - family:
        family |= more
    return {each: found[each][1] for each in family - {pid}}
