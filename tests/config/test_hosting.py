"""Tests of pylayer.config.hosting."""

from __future__ import annotations

import pytest

from pylayer.config.hosting import EngineSettings, engine_table
from pylayer.errors import UsageError
from pylayer.tables import InvalidError
from pylayer.targets import Architecture

ARM64, X86_64 = Architecture.ARM64, Architecture.X86_64


def test_a_name_is_enough():
    """It says the engine, and nothing of hosts."""
    assert EngineSettings(use="docker") == engine_table("docker")


@pytest.mark.parametrize(
    "at",
    [
        "ssh://builder-arm",
        "ssh://me@builder.example:2222/run/user/1000/docker.sock",
        "ssh://[::1]",
        "tcp://10.0.0.1:2376",
        "unix:///run/arm.sock",
        "my-context_1",
    ],
)
def test_where_a_host_can_be(at):
    """An address as DOCKER_HOST has it, or a context."""
    assert {ARM64: at} == engine_table({"hosts": {"arm64": at}}).hosts


@pytest.mark.parametrize(
    ("at", "what"),
    [
        ("ssh://me:secret@builder", "holds a password"),
        ("ssh://-oProxyCommand=x", "names no host"),
        ("ssh://-l@builder", "names no host"),
        ("tcp://builder:port", "is not the address of an engine"),
        ("http://builder", "is not the address of an engine"),
        ("unix://run/arm.sock", "names no socket"),
        ("builder arm", "is not the address of an engine"),
        ("ssh://a,x86_64=ssh://b", "is not the address of an engine"),
    ],
)
def test_where_no_host_can_be(at, what):
    """No word of it becomes one of ssh's options, and no secret is committed."""
    with pytest.raises(InvalidError) as caught:
        engine_table({"hosts": {"arm64": at}})
    (fault,) = caught.value.faults
    assert ("hosts.arm64", True) == (fault.where, what in fault.what)


def test_a_variable_goes_before():
    """For an architecture that it names; without an address, it takes the host away."""
    settings = engine_table({"hosts": {"arm64": "ssh://a", "x86_64": "ssh://b"}})

    assert {ARM64: "ssh://c", X86_64: "ssh://b"} == settings.chosen("", variable="arm64=ssh://c").hosts
    assert {X86_64: "far"} == settings.chosen("", variable="arm64=, x86_64=far").hosts
    assert "local" == settings.chosen("local").use


@pytest.mark.parametrize("text", ["arm64", "arm=ssh://a", "ssh://a", "arm64=ftp://a"])
def test_a_variable_that_says_nothing(text):
    """It is told what to write."""
    with pytest.raises(UsageError, match="PYLAYER_DOCKER_HOSTS") as caught:
        EngineSettings().chosen("", variable=text)
    assert caught.value.faults[0].hint
