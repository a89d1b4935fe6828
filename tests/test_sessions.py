"""nox sessions from the table of commands."""

from __future__ import annotations

import nox
import pytest
from nox import registry

from pylayer import sessions
from pylayer.commands import table
from pylayer.errors import UsageError


@pytest.fixture(autouse=True)
def noxfile(tmp_path, monkeypatch):
    """A noxfile with nothing in it, in a folder without layers.toml."""
    monkeypatch.chdir(tmp_path)
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
    """Whatever commands there may come to be: the others are there, and by a prefix all."""
    own("publish")
    own("lock")
    theirs = dict(registry.get())
    sessions.register()
    assert theirs == {name: session for name, session in registry.get().items() if name in theirs}
    assert {*table.NAMES} == {*registry.get()}

    sessions.register(prefix="pylayer-")
    assert {f"pylayer-{name}" for name in table.NAMES} <= {*registry.get()}


def test_a_name_that_is_taken_cannot_be_asked_for():
    """All that are in the way are told, with what to write, and none of ours is there."""
    own("publish")
    own("lock")
    with pytest.raises(UsageError) as caught:
        sessions.register(only=["lock", "publish", "layers"])

    assert ["lock", "publish"] == [fault.where for fault in caught.value.faults]
    assert 'register(prefix="pylayer-")' in str(caught.value)
    assert ["publish", "lock"] == list(registry.get())


@pytest.fixture
def mono(tmp_path, monkeypatch):
    """The noxfile's folder, with two layers for two targets; nothing was built yet."""
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["nox", "--list"])
    (tmp_path / "layers.toml").write_text(
        '[defaults]\nruntimes = ["python3.13"]\n[layers.a-b]\nrequirements = ["six"]\n'
        '[layers.c]\nrequirements = ["six"]\narchitectures = ["arm64"]\n'
    )
    return tmp_path


def test_each_build_is_a_session(mono):
    """With tags by which it is chosen, and that are nobody else's; none is among those of a plain `nox`."""
    sessions.register(only=["layer"])
    (session,) = registry.get().values()
    params = vars(session)["parametrize"]

    assert {
        "a-b-python3.13-arm64": ["layer:a-b", "layer:python3.13", "layer:arm64"],
        "a-b-python3.13-x86_64": ["layer:a-b", "layer:python3.13", "layer:x86_64"],
        "c-python3.13-arm64": ["layer:c", "layer:python3.13", "layer:arm64"],
    } == {param.id: param.tags for param in params}
    assert not session.default


def test_a_broken_manifest_leaves_the_noxfile_alone(mono):
    """The command says what is wrong."""
    (mono / "layers.toml").write_text("[")
    sessions.register()
    assert {*table.NAMES} == {*registry.get()}


@pytest.mark.parametrize(
    ("words", "concerned"),
    [
        ("", True),
        ("--list", True),
        ("-l", True),
        ("-t layer:arm64", True),
        ("--tags=layer:arm64", True),
        ("-s layer(a-python3.13-arm64)", True),
        ("--session=layer(a-python3.13-arm64)", True),
        ("-s layer", True),
        ("-s layers", False),
        ("-s tests -- layer", False),
        ("-e tests layers", False),
        ("-s tests --list", True),
    ],
)
def test_layers_toml_is_not_read_for_sessions_of_other_names(words, concerned):
    """Whoever runs tests does not pay for it."""
    assert concerned == sessions.concerns("layer", words.split())


def test_a_name_that_is_no_command_is_refused():
    """With what was meant."""
    with pytest.raises(UsageError, match=r'only: there is no command "layrs"; did you mean "layers"\?'):
        sessions.register(only=["layrs"])


def test_a_second_register_adds_to_the_first():
    """What is there already is ours."""
    sessions.register(only=["lock"])
    sessions.register()

    assert {*table.NAMES} == {*registry.get()}
