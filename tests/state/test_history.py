"""Why a build was made again is kept in words."""

from pathlib import Path

import pytest

from pylayer.state import history
from pylayer.state.history import PastBuild
from pylayer.state.opening import WorkspaceState
from pylayer.store import Store

MANIFEST = Path("/somewhere/layers.toml")
ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def state(tmp_path):
    return WorkspaceState(MANIFEST, store=Store(tmp_path))


def parts(python):
    return {"bytecode compiled by": python, "projects": {"libetl": {"format": 1}}}


def test_before_the_first_build_there_is_nothing(state):
    """No history is none."""
    assert history.recall(state, "a") is None


def test_the_first_build_says_that_it_is_the_first(state):
    """There is nothing to compare it with."""
    history.remember(state, "a", parts("3.13.1"), archive=ONE)

    assert history.recall(state, "a") == PastBuild(
        parts=parts("3.13.1"), because=("it has not been built before",), archive=ONE
    )


def test_a_later_build_keeps_what_had_changed(state):
    """The difference to the time before stays until the next change."""
    history.remember(state, "a", parts("3.13.1"), archive=ONE)
    for _ in range(2):
        history.remember(state, "a", parts("3.13.2"), archive=TWO)

    assert history.recall(state, "a") == PastBuild(
        parts=parts("3.13.2"),
        because=("bytecode compiled by changed (3.13.1 → 3.13.2)",),
        archive=TWO,
    )


def test_another_workspace_has_its_own_history(state):
    """Two checkouts with a build of one name do not mix."""
    history.remember(state, "a", parts("3.13.1"), archive=ONE)
    other = WorkspaceState(Path("/elsewhere/layers.toml"), store=state.store)

    assert history.recall(other, "a") is None


def test_what_changed_since_is_told():
    """First what is different now; if nothing is, why it was made."""
    assert history.told({"a": 1}, {"a": 2}, because=["x"]) == [
        "changed since the last build:",
        "  a changed (1 → 2)",
    ]
    assert history.told({"a": 1}, {"a": 1}, because=["x"]) == [
        "nothing changed since the last build, which was made because:",
        "  x",
    ]
