"""An engine that ends, or stands still, in the middle of a build → what came of that, and of the next one."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from factories.workshop import workshop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from factories.workshop import Workshop

IMAGE = "pylayer-test/python3.13:amd64"  # what is built in
_SECONDS = 60  # from the engine's end until pylayer's
_SILENT = 8  # for how many seconds it may say nothing
_ENGINE_ERROR = 7  # the exit status
_INTO_IT = 2  # seconds from its first container until it is in the build
_EDIT = "X = 1\n"
_SLOW = f"import time\nif {_EDIT!r} in open('two.py').read():\n    time.sleep(8)\n"
_MANIFEST = """
packages = ["packages/*"]
engine = "docker"
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
"""


def vanished(folder: Path, *, end: Callable[[], None], start: Callable[[], None]) -> list[str]:
    """Say what is wrong: an error that is not one, another archive, something left in the engine."""
    with workshop(folder) as mono:
        if told := _first(mono):
            return told
        before = mono.hashes()
        mono.more("packages/two/two.py", _EDIT)
        told = _ended(mono, end)
        start()
        return told or _next(mono, before=before)


def stalled(folder: Path, *, freeze: Callable[[], None], thaw: Callable[[], None]) -> list[str]:
    """Say what is wrong where it stands still for a while, then for as long as pylayer waits, and goes on."""
    with workshop(folder) as mono:
        mono.env["PYLAYER_ENGINE_TIMEOUT"] = str(_SILENT)
        if told := _first(mono):
            return told
        mono.more("packages/two/two.py", _EDIT)
        process = _begun(mono)
        freeze()
        time.sleep(_SILENT // 2)
        thaw()
        out, err = process.communicate(timeout=_SECONDS)
        if process.returncode:
            return [f"after {_SILENT // 2} s: {out}{err}"]
        expected = mono.hashes()

        mono.more("packages/two/two.py", "Y = 1\n")
        told = _ended(mono, freeze)
        thaw()
        return told or _next(mono, before=expected)


def _first(mono: Workshop) -> list[str]:
    """Build two projects, of which one takes its time; say what is wrong."""
    mono.member("one")
    mono.member("two")
    mono.more("packages/two/backend.py", _SLOW)
    mono.manifest(_MANIFEST)
    ran = mono.run("layers")
    return [ran.text] if ran.status else []


def _next(mono: Workshop, *, before: dict[str, str]) -> list[str]:
    """Build once more; say what is wrong: an error, another archive, something left in the engine."""
    ran = mono.run("layers")
    if ran.status:
        return [ran.text]
    changed = {name.partition("-")[0] for name, each in mono.hashes().items() if each != before[name]}
    told = [] if changed == {"two"} else [f"other archives: {changed}"]
    return told + [f"left: container {each}" for each in mono.containers()]


def _begun(mono: Workshop) -> subprocess.Popen[str]:
    """Give a run of which a build is in its container."""
    process = mono.start("layers")
    deadline = time.monotonic() + _SECONDS
    while not mono.containers() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(_INTO_IT)
    return process


def _ended(mono: Workshop, end: Callable[[], None]) -> list[str]:
    """Build with an engine that is there no more as soon as a build is in its container."""
    process = _begun(mono)
    end()
    try:
        out, err = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return [f"went on for {_SECONDS} s: {''.join(process.communicate())}"]
    if process.returncode != _ENGINE_ERROR or err.count("answers no more") != 1:
        return [f"{process.returncode}: {out}{err}"]
    return []
