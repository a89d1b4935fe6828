"""What an early container may be."""

from __future__ import annotations

import json
import socket
import tempfile
import time

import pytest

from pylayer.engines.docker import early

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


def test_an_engine_that_stands_still_keeps_nobody():
    """Whoever ends the run that began with it waits for seconds."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/s")
        silent.listen()
        begun = begin(CONFIG, address=f"unix://{folder}/s")
        began = time.monotonic()
        begun.close()
        assert time.monotonic() - began < 4
