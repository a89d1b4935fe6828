"""nox sessions from the table of commands."""

from __future__ import annotations

import nox
import pytest
from nox import registry

from pylayer import sessions
from pylayer.commands import table
from pylayer.errors import UsageError


@pytest.fixture(autouse=True)
def noxfile():
    """A noxfile with nothing in it."""
    before = registry.get()
    registry.reset()
    yield
    registry.reset()
    registry._REGISTRY.update(before)


def own(name):
    """A session of the noxfile's own."""

    def session(_session):
        """Our own."""

    nox.session(name=name)(session)


def test_every_command_is_a_session():
    """None of which a plain `nox` runs, and each says what its command does."""
    sessions.register()
    found = registry.get()

    assert {name: table.summary(name) for name in table.NAMES} == {
        name: session.func.__doc__ for name, session in found.items()
    }
    assert not any(session.default for session in found.values())


def test_some_of_them_under_other_names():
    """Beside one of the noxfile's own."""
    own("publish")
    sessions.register(only=["publish", "lock"], prefix="layer-")

    assert ["publish", "layer-publish", "layer-lock"] == list(registry.get())


def test_a_session_of_the_noxfile_s_own_is_not_replaced():
    """All that are in the way are told, with what to write, and none of ours is there."""
    own("publish")
    own("lock")
    with pytest.raises(UsageError) as caught:
        sessions.register()

    assert ["lock", "publish"] == [fault.where for fault in caught.value.faults]
    assert 'register(prefix="pylayer-")' in str(caught.value)
    assert ["publish", "lock"] == list(registry.get())


def test_a_name_that_is_no_command_is_refused():
    """With what was meant."""
    with pytest.raises(UsageError, match=r'only: there is no command "layrs"; did you mean "layers"\?'):
        sessions.register(only=["layrs"])


def test_a_second_register_adds_to_the_first():
    """What is there already is ours."""
    sessions.register(only=["lock"])
    sessions.register()

    assert {*table.NAMES} == {*registry.get()}
