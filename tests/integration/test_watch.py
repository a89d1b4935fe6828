"""`pylayer watch`, by editing what it watches."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading

import pytest
from factories.monorepo import empty

from pylayer.commands import watching
from pylayer.console import Console
from pylayer.errors import ToolError

pytestmark = pytest.mark.command
PATIENCE = 60


class Watched:
    """A `pylayer watch` that runs, and the lines that it prints."""

    def __init__(self, shop, *words):
        self.shop = shop
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pylayer", "watch", *words],
            cwd=shop.root,
            env=shop.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def until(self, text):
        """All lines up to the one that has a text."""
        seen = []
        while True:
            seen.append(self.lines.get(timeout=PATIENCE))
            if text in seen[-1]:
                return "".join(seen)

    def silent(self):
        """Whether nothing is told for a while."""
        try:
            return not self.lines.get(timeout=3)
        except queue.Empty:
            return True

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)


@pytest.fixture
def watched(shop):
    """Watching two projects, which were built."""
    shop.member("one")
    shop.member("two")
    shop.layers()
    found = Watched(shop)
    try:
        first = found.until("Ctrl-C ends it")
        assert "2 built" in first
        yield found
    finally:
        found.process.kill()
        found.process.wait()


def test_what_changes_is_built(watched):
    """A source, a new project, layers.toml broken and mended; not what builds write or editors leave."""
    shop = watched.shop
    assert watched.silent()

    shop.more("packages/one/one.py", "MORE = 1\n")
    told = watched.until("Ctrl-C ends it")
    assert "changed: packages/one/one.py" in told
    assert ("one-python3.11-x86_64  built" in told, "two-python3.11-x86_64  built" in told) == (True, False)

    shop.file("packages/one/.one.py.swp", "")
    (shop.output / "one-python3.11-x86_64.zip").touch()
    assert watched.silent() or "built" not in watched.until("Ctrl-C ends it")

    shop.member("three")
    told = watched.until("three-python3.11-x86_64  built")
    watched.until("Ctrl-C ends it")

    manifest = (shop.root / "layers.toml").read_text()
    shop.manifest("[")
    watched.until("error: layers.toml: line 1")
    watched.until("Ctrl-C ends it")
    shop.manifest(manifest)
    assert "error" not in watched.until("Ctrl-C ends it")


def test_ctrl_c_ends_it(watched):
    """At once, as it does any command."""
    assert 130 == watched.stop()
    assert "Traceback" not in watched.until("interrupted")


def test_without_its_library(monkeypatch, tmp_path):
    """What to install."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(ToolError, match=r'needs watchfiles\n    pip install "pylayer-lambda\[watch\]"'):
        watching.follow(tmp_path / "layers.toml", lambda _: None, lines=Console())


def test_without_a_manifest_there_is_nothing_to_watch(tmp_path):
    """It ends as every command does, and says what to do."""
    ran = empty(tmp_path).run("watch")
    assert ran.status == 3, ran.text
    assert "pylayer init" in ran.err
