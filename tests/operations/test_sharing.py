"""A run adds to the shared store where its key is believed there."""

from __future__ import annotations

import pytest
from factories.buckets import Keys

from pylayer import envtable
from pylayer.config import manifest
from pylayer.operations.sharing import of_run
from pylayer.store import Store


@pytest.mark.parametrize(
    ("key", "scope", "adds"),
    [
        ("of_main", "main", True),
        ("of_main", "pr/7", True),
        ("of_pulls", "pr/7", True),
        ("of_pulls", "main", False),
        ("other", "main", False),
        ("other", "pr/7", False),
        ("of_main", "none", False),
    ],
)
def test_it_adds_what_somebody_believes(tmp_path, monkeypatch, key, scope, adds):
    """Else a line says why it does not."""
    keys = {}
    for name in ("of_main", "of_pulls", "other"):
        (tmp_path / name).mkdir()
        keys[name] = Keys(tmp_path / name)
    cache = {
        "remote": (tmp_path / "shared").as_uri(),
        "keys": [keys["of_main"].public],
        "pull-request-keys": [keys["of_pulls"].public],
    }
    read, faults = manifest.parse({"packages": ["packages/*"], "cache": cache}, path=tmp_path / "layers.toml")
    assert [] == faults
    monkeypatch.setenv(envtable.CACHE_KEY, str(keys[key].path))
    monkeypatch.setenv(envtable.CACHE_SCOPE, scope)
    notes: list[str] = []
    with of_run(read, Store(tmp_path / "store"), note=notes.append) as sharing:
        assert sharing
        assert adds == sharing.adds
    assert adds == (not any(note.startswith("nothing is added to the shared store: ") for note in notes))
