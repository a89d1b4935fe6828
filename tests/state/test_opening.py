"""The store is opened in one way, with what it keeps of one workspace."""

import ast
from pathlib import Path

import pytest

import pylayer
from pylayer.config import manifest as manifests
from pylayer.state.opening import glance, opened
from pylayer.store import Store


def silent(_text):
    """Hear nothing."""


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    monkeypatch.setenv("PYLAYER_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "layers.toml"
    path.write_text("")
    return manifests.read(path)[0]


def test_a_glance_makes_nothing(manifest, tmp_path):
    """A run that finds nothing to do leaves no trace."""
    state = glance(manifest.path, note=silent)

    assert (state.hashes.sha256(manifest.path) != "", (tmp_path / "cache").exists()) == (True, False)


def test_what_was_learnt_of_files_is_kept(manifest, monkeypatch):
    """The next to open the store knows it."""
    monkeypatch.setattr("pylayer.monorepo.trees.SETTLED_NS", -(10**18))  # no file is too young
    with opened(manifest, note=silent) as state:
        known = state.hashes.sha256(manifest.path)

    assert known in record(state).read_text()


def test_a_block_that_fails_lets_go_of_the_store(manifest, monkeypatch):
    """What it learnt is not kept: it may have been in the middle of it."""
    monkeypatch.setattr("pylayer.monorepo.trees.SETTLED_NS", -(10**18))

    def fail():
        with opened(manifest, note=silent) as state:
            state.hashes.sha256(manifest.path)
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    assert Store(glance(manifest.path, note=silent).store.root).prune(older_than=0).records == 0


def record(state):
    return state.store.root / "records/local/hashes" / f"{state.key}.json"


def test_no_other_module_makes_a_store():
    """What stands behind the store of this machine would be put together here."""
    package = Path(pylayer.__file__).parent
    makers = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "Store(" in (text := path.read_text(encoding="utf-8"))  # parsing takes long
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "Store"
    }
    assert {"state/opening.py"} == makers
