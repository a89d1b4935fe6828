"""Tests of pylayer.engines.docker.tunnels; with a real host, they are in tests/integration/test_hosts.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pylayer.engines.docker.tunnels import Tunnel, command, login
from pylayer.errors import EngineError

HERE = Path("/tmp/here")


def test_ssh_is_told_what_the_address_says():
    """The rest it knows by its own configuration."""
    words = command("ssh://me@Builder:2222/run/docker.sock", here=HERE, there="/run/docker.sock", seconds=15)

    assert ["-p", "2222", "-l", "me", "-L", f"{HERE}:/run/docker.sock", "--", "Builder"] == words[-9:-1]
    assert "BatchMode=yes" in words
    assert ["-L", f"{HERE}:/s", "--", "::1"] == command("ssh://[::1]", here=HERE, there="/s", seconds=1)[
        -5:-1
    ]
    assert ["-p 2222 me@builder", "builder"] == [login("ssh://me@builder:2222/s"), login("ssh://builder")]


def stand_in(tmp_path, monkeypatch, script):
    """Put a program in the place of ssh."""
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_what_ssh_complains_of_is_told(tmp_path, monkeypatch):
    """With what to try by hand."""
    stand_in(
        tmp_path, monkeypatch, "(echo 'Warning: new'; echo 'Host key verification failed.') >&2; exit 255"
    )
    with pytest.raises(EngineError, match="cannot log in: Host key verification failed") as caught:
        Tunnel("ssh://me@builder", seconds=5)
    assert "`ssh me@builder`" in caught.value.faults[0].hint


def test_a_host_that_says_nothing_is_not_waited_for(tmp_path, monkeypatch):
    """Longer than it may take to log in."""
    stand_in(tmp_path, monkeypatch, "exec sleep 60")
    with pytest.raises(EngineError, match=r"no answer within 0\.2 s"):
        Tunnel("ssh://builder", seconds=0.2)


def test_a_host_without_an_engine(tmp_path, monkeypatch):
    """Whatever else it says to whoever logs in."""
    stand_in(tmp_path, monkeypatch, "echo 'Welcome!'; echo pylayer; exec cat")
    with pytest.raises(EngineError, match="builder has no engine that this user may use") as caught:
        Tunnel("ssh://builder", seconds=5)
    assert "ssh://builder/path/of/docker.sock" in caught.value.faults[0].hint


def test_another_socket_is_found(tmp_path, monkeypatch):
    """A rootless engine's, or Podman's: the way then leads there."""
    stand_in(tmp_path, monkeypatch, f'echo "$@" >> {tmp_path}/asked; echo pylayer /run/user/7/s; exec cat')
    with Tunnel("ssh://builder", seconds=5) as tunnel:
        first, second, *_ = [each for each in (tmp_path / "asked").read_text().splitlines() if " -L " in each]
        assert f"{tunnel.socket}:/run/user/7/s" in second
    assert "/var/run/docker.sock" in first
    assert not tunnel.socket.parent.exists()


def test_no_ssh(monkeypatch):
    """It is an error of the engine's."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineError, match="ssh cannot be started"):
        Tunnel("ssh://builder", seconds=1)
