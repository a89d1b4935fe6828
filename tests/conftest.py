"""What holds for all tests."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from factories.workshop import Workshop

    from pylayer.store import Store

# Where the runner was started in the background, or by nohup, all that it starts would ignore these.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _ending in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(_ending, signal.SIG_DFL)

# The files that take longest, for their whole builds: they begin first, so that no worker has one at the end.
LONGEST = (
    "test_other_engines.py",
    "test_affected.py",
    "test_layers.py",
    "test_cross.py",
    "test_checkouts.py",
    "test_provenance.py",
    "test_rebuilds.py",
    "test_beside_others.py",
    "test_locking.py",
    "test_remedies.py",
    "test_publish_consumers.py",
    "test_cases.py",
    "test_docker.py",
    "test_first_minutes.py",
    "test_registry.py",
    "test_reliability.py",
    "test_frontends.py",
    "test_pinning.py",
    "test_failures.py",
    "test_stale_archives.py",
    "test_docker_images.py",
)
COMMANDS = ("pylayer", "nox", "invoke")
_running: list[pytest.Item] = []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; the others stay in their random order."""
    ranks = {name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note which test runs, its fixtures of every scope included."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.remove(item)


def _marked_where_a_command_starts(event: str, arguments: Sequence[object]) -> None:
    """Let no test without the mark `command` start a whole command: the others are to stay quick."""
    if event != "subprocess.Popen" or not _running or _may_start_commands(_running[-1]):
        return
    _, words, *_ = arguments
    if isinstance(words, (list, tuple)) and is_command([os.fspath(word) for word in words]):
        pytest.fail(f"runs {' '.join(map(str, words))} and is not marked `command`")


def _may_start_commands(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("command")) and not item.get_closest_marker("inprocess")


def is_command(words: Sequence[str]) -> bool:
    """Whether they start pylayer, nox or invoke, as a program or as a module of a Python."""
    by_python = tuple(words[1:2]) == ("-m",) and any(word in COMMANDS for word in words[2:3])
    return PurePath(words[0]).name in COMMANDS or by_python


sys.addaudithook(_marked_where_a_command_starts)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    from pylayer.store import Store

    return Store(tmp_path / "store")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workshop]:
    """An empty monorepo, its store and its own index; a file's own `shop` puts something into it."""
    from factories.workshop import workshop

    with workshop(tmp_path) as shop:
        yield shop


@pytest.fixture
def entered(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """That monorepo, whose environment this process has as well, as a person who builds there."""
    for name, value in shop.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    return shop
