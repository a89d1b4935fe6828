"""`pylayer.build` as a program has it: values, one call at a time, and nothing of the process changed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from factories.processes import started_with

import pylayer

A, B = "liba-python3.11-x86_64", "libb-python3.11-x86_64"


class Heard(pylayer.Reporter):
    """Remembers; the numbers of threads that it was called by at once are in `most`."""

    def __init__(self):
        self.outcomes = []
        self.most = self._now = 0

    def outcome(self, outcome):
        """Remember an outcome, slowly."""
        self._now += 1
        self.most = max(self.most, self._now)
        time.sleep(0.01)
        self._now -= 1
        self.outcomes.append(outcome)


def broken(shop):
    """Make a project one that cannot be built, and tells a password of it."""
    shop.file(
        "packages/liba/backend.py", "raise SystemExit('https://me:geheim@example.org/simple is away')\n"
    )


def test_what_was_built_is_told_and_nothing_is_printed(shop, capfd):
    """Facts of each archive; a second call in the process finds nothing changed, and gives the same."""
    before = (dict(os.environ), Path.cwd(), signal.getsignal(signal.SIGTERM), threading.active_count())
    heard = Heard()
    first = pylayer.build(shop.root / "layers.toml", reporter=heard)
    second = pylayer.build(str(shop.root / "layers.toml"))

    assert [(A, "liba", "built", 1), (B, "libb", "built", 2)] == [
        (each.build, each.layer, each.state, each.wheels) for each in first.outcomes
    ]
    for outcome in first.outcomes:
        assert outcome.archive is not None
        assert outcome.archive.stat().st_size == outcome.size
    assert {A, B} == {outcome.build for outcome in heard.outcomes}
    assert (False, True) == (first.unchanged, second.unchanged)
    facts = [
        [(each.archive, each.sha256, each.unzipped_size) for each in run.outcomes] for run in (first, second)
    ]
    assert facts[0] == facts[1]
    second.raise_for_errors()
    assert ("", "") == capfd.readouterr()
    assert before[:3] == (dict(os.environ), Path.cwd(), signal.getsignal(signal.SIGTERM))


def test_a_failure_is_in_the_report(shop):
    """Each cause once, with all builds that it took; without what nobody is to see."""
    broken(shop)
    report = pylayer.build(shop.root / "layers.toml")

    assert [("failed", None, 0)] * 2 == [(each.state, each.archive, each.size) for each in report.outcomes]
    [error] = report.errors
    with pytest.raises(pylayer.BuildError) as raised:
        report.raise_for_errors()
    assert f"{A}, {B}" in error.faults[0].where
    assert error.faults == raised.value.faults
    for each in (error, raised.value, *(outcome.error for outcome in report.outcomes)):
        assert each
        assert "geheim" not in f"{each!r} {each} {each.log}"


def test_what_cannot_be_begun_is_raised(shop):
    """With everything that is wrong, as data."""
    with pytest.raises(pylayer.UsageError) as raised:
        pylayer.build(shop.root / "layers.toml", only=["libz", "liby"])

    assert ['no layer or build matches "libz"', 'no layer or build matches "liby"'] == [
        fault.what for fault in raised.value.faults
    ]


def test_one_name_is_no_list_of_letters(shop):
    """A text is a name, as every caller means it."""
    assert [A] == [
        outcome.build for outcome in pylayer.build(shop.root / "layers.toml", only="liba").outcomes
    ]


def test_what_a_reporter_raises_ends_the_run(shop):
    """It comes out of the call, and the next call is a run like any other."""

    class Impatient(pylayer.Reporter):
        def outcome(self, outcome):
            raise LookupError(outcome.build)

    with pytest.raises(LookupError):
        pylayer.build(shop.root / "layers.toml", reporter=Impatient())

    assert ["cached", "cached"] == [
        outcome.state.replace("built", "cached")
        for outcome in pylayer.build(shop.root / "layers.toml").outcomes
    ]


def test_threads_take_turns(shop):
    """Three of them at once: the first builds, the others find it made; a reporter is never called twice."""
    heard = Heard()

    def build(_number):
        return pylayer.build(shop.root / "layers.toml", reporter=heard)

    with ThreadPoolExecutor(3) as pool:
        runs = [*pool.map(build, range(3))]

    assert 1 == sum(any(outcome.state is pylayer.State.BUILT for outcome in run.outcomes) for run in runs)
    assert all(outcome.good for run in runs for outcome in run.outcomes)
    assert 6 == len(heard.outcomes)
    assert 1 == heard.most


def test_an_event_loop_is_told_what_to_do(shop):
    """Within one it cannot run; by a thread it can."""

    async def directly():
        return pylayer.build(shop.root / "layers.toml", only=["liba"])

    async def by_thread():
        return await asyncio.to_thread(pylayer.build, shop.root / "layers.toml", only=["liba"])

    with pytest.raises(pylayer.UsageError, match="to_thread"):
        asyncio.run(directly())
    assert [A] == [outcome.build for outcome in asyncio.run(by_thread()).outcomes]


INTERRUPTED = """
import sys, pylayer
try:
    pylayer.build(sys.argv[1], only=["liba"])
except KeyboardInterrupt:
    print("interrupted")
print([outcome.state.value for outcome in pylayer.build(sys.argv[1], only=["libc"]).outcomes])
"""


@pytest.mark.parametrize("name", [".", "nonesuch.toml"])
def test_what_is_no_layers_toml_is_told(shop, name):
    """Also by a call that first looks for what the last run left."""
    with pytest.raises(pylayer.ManifestError):
        pylayer.build(shop.root / name)


def test_an_interrupt_ends_a_call_and_no_more(shop, tmp_path):
    """What it runs is killed; the program goes on, builds something else, and ends."""
    shop.member("libc")
    shop.more(
        "packages/liba/backend.py",
        "open('started', 'w').close()\nimport time\ntime.sleep(600)\n",
    )
    folder = tmp_path / "tmp"
    folder.mkdir()
    program = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, shop.root / "layers.toml"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    deadline = time.monotonic() + 60
    while not list(folder.rglob("started")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    out, _ = program.communicate(timeout=60)

    assert "interrupted\n['built']\n" == out
    assert 0 == program.returncode
    assert not [path for path in folder.iterdir() if path.name.startswith("pylayer-")]
    assert [] == started_with(f"TMPDIR={folder}")


def test_offline_no_index_is_asked_and_no_variable_changes(shop, monkeypatch):
    """Other threads of the program see their environment as it was, while it is being built too."""
    monkeypatch.delenv("UV_OFFLINE", raising=False)
    seen = []

    class Looks(pylayer.Reporter):
        def outcome(self, outcome):
            seen.append("UV_OFFLINE" in os.environ)

    manifest = shop.root / "layers.toml"
    manifest.write_text(manifest.read_text() + '\n[layers.more]\nrequirements = ["idna"]\n')
    report = pylayer.build(manifest, only="more", offline=True, reporter=Looks())
    [error] = report.errors
    assert [False] == list(dict.fromkeys(seen))
    assert "idna" in f"{error} {error.log}"
    assert any(word in f"{error} {error.log}" for word in ("offline", "UV_OFFLINE", "network was disabled"))
