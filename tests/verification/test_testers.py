"""Archives are tried where their target's architecture runs."""

from __future__ import annotations

import pytest

from pylayer.config.hosting import EngineSettings
from pylayer.errors import EngineError, NeedsDockerError
from pylayer.targets import Architecture, Target, load_runtimes
from pylayer.verification.testers import PlacedTester

RUNTIME = load_runtimes()["python3.13"]
ARM64 = Target(runtime=RUNTIME, architecture=Architecture.ARM64)
X86_64 = Target(runtime=RUNTIME, architecture=Architecture.X86_64)


class Stand:
    """An engine and its tester, which say where they are."""

    architecture = Architecture.X86_64

    def __init__(self, at):
        self.at = at
        self.closed = 0

    def smoke_tester(self):
        return self

    def identity(self, _target):
        return self.at

    def close(self):
        self.closed += 1


def opened(*, absent=(), **said):
    """Give testers, what they noted, and the engines that were made."""
    notes: list[str] = []
    made: list[Stand] = []

    def connect(place):
        if (place.at or place.kind.name) in absent:
            raise EngineError("refused")
        made.append(Stand(place.at or place.kind.name))
        return made[-1]

    settings = EngineSettings(hosts={Architecture.ARM64: "ssh://arm"}, **said)
    own = PlacedTester(settings, connect=connect, note=notes.append)
    own.open()
    return own, notes, made


def test_each_is_tried_at_its_own_host():
    """Which is asked once it is needed, and ended with the others."""
    own, notes, made = opened()
    assert ["docker"] == [each.at for each in made]
    assert ["docker", "ssh://arm", "ssh://arm"] == [own.identity(each) for each in (X86_64, ARM64, ARM64)]
    own.close()
    own.close()

    assert ([("docker", 2), ("ssh://arm", 2)], []) == ([(each.at, each.closed) for each in made], notes)


def test_a_host_that_is_not_there_is_told_of_once():
    """And what it was to run is emulated."""
    own, notes, _ = opened(absent=["ssh://arm"])
    assert ["docker", "docker"] == [own.identity(ARM64), own.identity(ARM64)]
    assert ["Docker at ssh://arm does not answer (refused): verifying in Docker"] == notes


@pytest.mark.parametrize(("unreachable", "error"), [("cross", NeedsDockerError), ("error", EngineError)])
def test_nothing_is_emulated_unless_it_may_be(unreachable, error):
    """It is left out, or an error; the rest is tried."""
    own, _, _ = opened(absent=["ssh://arm"], unreachable=unreachable)
    with pytest.raises(EngineError) as caught:
        own.identity(ARM64)
    assert error is type(caught.value)
    assert "docker" == own.identity(X86_64)


def test_where_only_a_host_answers():
    """It is the first engine."""
    own, notes, made = opened(absent=["docker"])
    assert (["ssh://arm"], "ssh://arm") == ([each.at for each in made], own.identity(ARM64))
    assert ["Docker does not answer (refused): verifying in Docker at ssh://arm"] == notes


def test_one_that_is_made_too_late_is_ended_at_once():
    """As where an interrupt comes while a host is still being connected to."""
    own, _, made = opened()
    own.close()
    own.identity(ARM64)

    assert [("docker", 2), ("ssh://arm", 2)] == [(each.at, each.closed) for each in made]
