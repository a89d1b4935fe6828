"""Why a build was made again is kept in words."""

from pathlib import Path

import pytest

from pylayer.state import history
from pylayer.store import Store

MANIFEST = Path("/somewhere/layers.toml")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.open()
    yield store
    store.close()


def test_before_the_first_build_there_is_nothing(store):
    """No history is none."""
    assert history.recall(store, MANIFEST, "a") is None


def test_the_first_build_says_that_it_is_the_first(store):
    """There is nothing to compare it with."""
    history.remember(store, MANIFEST, "a", {"python": "3.13.1"})

    assert history.recall(store, MANIFEST, "a") == ({"python": "3.13.1"}, ("it was not built before",))


def test_a_later_build_keeps_what_had_changed(store):
    """The difference to the time before stays until the next change."""
    history.remember(store, MANIFEST, "a", {"python": "3.13.1"})
    for _ in range(2):
        history.remember(store, MANIFEST, "a", {"python": "3.13.2"})

    assert history.recall(store, MANIFEST, "a") == (
        {"python": "3.13.2"},
        ("python changed (3.13.1 → 3.13.2)",),
    )


def test_another_workspace_has_its_own_history(store):
    """Two checkouts with a build of one name do not mix."""
    history.remember(store, MANIFEST, "a", {})

    assert history.recall(store, Path("/elsewhere/layers.toml"), "a") is None


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
