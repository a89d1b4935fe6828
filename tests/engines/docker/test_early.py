"""What an early container may be."""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time

import pytest

from pylayer.engines.docker import early, programs

HOST = {
    "Memory": 1 << 30,
    "NetworkMode": "none",
    "CapDrop": ["ALL"],
    "SecurityOpt": ["no-new-privileges"],
    "PidsLimit": 4096,
    "AutoRemove": True,
}
CONFIG = {
    "Hostname": None,
    "User": "0:0",
    "OpenStdin": True,
    "Env": [],
    "Cmd": [],
    "Image": "pylayer/env:1",
    "Volumes": None,
    "Entrypoint": early.UNTIL_LEFT,
    "WorkingDir": "/",
    "HostConfig": HOST,
}


@pytest.fixture
def begun(monkeypatch):
    """What was begun: nothing is there to be asked."""
    found: list[object] = []
    monkeypatch.setattr(early, "EarlyContainer", lambda what, **_: found.append(what))
    return found


def begin(asked, *, address="unix:///x", **more):
    """Begin with what a record says."""
    what = early.remembered(address=address, api="1.41", config=asked, platform="linux/amd64")
    return early.begin({"python": "/pylayer/env/bin/python", **what, **more})


def test_a_container_as_all_of_ours_is_begun(begun):
    """Its memory and processes may be others."""
    begin(CONFIG)
    assert len(begun) == 1


@pytest.mark.parametrize(
    "config",
    [
        {**CONFIG, "Entrypoint": ["/bin/sh", "-c", "evil"]},
        {**CONFIG, "Cmd": ["evil"]},
        {**CONFIG, "Env": ["LD_PRELOAD=evil.so"]},
        {**CONFIG, "HostConfig": {**HOST, "Binds": ["/:/host"]}},
        {**CONFIG, "HostConfig": {**HOST, "Privileged": True}},
        {**CONFIG, "HostConfig": {**HOST, "NetworkMode": "host"}},
        {**CONFIG, "HostConfig": {**HOST, "CapDrop": []}},
        {**CONFIG, "HostConfig": []},
        {},
    ],
)
def test_one_that_is_confined_by_less_is_not(begun, config):
    """A store may come from somebody else's cache: a record in it is no right to the host."""
    begin(config)
    assert begun == []


@pytest.mark.parametrize("more", [{"config": "["}, {"config": json.dumps([])}, {"variables": "{}x"}])
def test_a_damaged_record_begins_nothing(begun, more):
    """The run finds out by itself what it needs."""
    begin(CONFIG, **more)
    assert begun == []


@pytest.mark.parametrize("cut", [4, 26, 37, 38, 39, 40, 45])
def test_an_answers_head_is_read_and_no_more(cut):
    """It may come in pieces; what follows an upgrade is what a program prints."""
    whole = b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nprinted"
    engine, connection = socket.socketpair()
    with engine, connection:
        connection.settimeout(5)
        engine.sendall(whole[:cut])
        later = threading.Timer(0.05, engine.sendall, [whole[cut:]])
        later.start()

        assert early._status(early._head(connection)) == 101
        later.join()
        assert connection.recv(100) == b"printed"


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\n", b"x" * (1 << 15), b"\r\n\r\n", b"HTTP/1.1 no\r\n\r\n"]
)
def test_what_is_no_answer_is_an_error(said):
    """Whoever asked does without."""
    engine, connection = socket.socketpair()
    with engine, connection:
        engine.sendall(said)
        engine.shutdown(socket.SHUT_WR)

        with pytest.raises((OSError, ValueError, IndexError)):
            early._status(early._head(connection))


@pytest.mark.parametrize(
    "warm", ["", "[]", '{"modules": []}', '{"modules": [], "options": [], "env": []}', "{"]
)
def test_what_is_no_preparation_is_an_error(warm):
    """A record may be damaged, or of an earlier version."""
    with pytest.raises(ValueError, match=r"preparation|Expecting"):
        programs.preparation(warm, user=60000)


def test_an_engine_that_stands_still_keeps_nobody():
    """Whoever ends the run that began with it waits for seconds."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/s")
        silent.listen()
        begun = begin(CONFIG, address=f"unix://{folder}/s")
        began = time.monotonic()
        begun.close()
        assert time.monotonic() - began < 4
