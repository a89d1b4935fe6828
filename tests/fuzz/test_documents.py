"""Whatever is in a file that users or their tools write: a right result, or an error that says what is wrong.

PYLAYER_FUZZ=100000 tries so many documents for each, others every time (`nox -s fuzz`).
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import tomli
from factories.documents import fuzzing, mutated, torn, written
from hypothesis import given

from pylayer.config import manifest
from pylayer.config.layers import Layer, ProjectOptions
from pylayer.config.manifest import Manifest
from pylayer.errors import PylayerError
from pylayer.index import settings
from pylayer.locks import lock
from pylayer.locks.lock import Lock, Run
from pylayer.tables import keys_of

MANIFEST: dict[str, Any] = {
    "packages": ["packages/*", "!packages/old-*"],
    "discover": "listed",
    "output": "dist/layers",
    "engine": "auto",
    "constraints": ["numpy<3"],
    "exclude-newer": "2026-01-31",
    "defaults": {"runtimes": ["python3.12", "python3.13"], "architectures": ["x86_64", "arm64"]},
    "index": [{"name": "corp", "url": "https://index.example/simple", "distributions": ["libthing"]}],
    "budgets": {"layer": "100 MB", "layers": {"data": "200 MB"}},
    "sets": {"both": {"layers": ["data", "tools"], "budget": "250 MB"}},
    "publish": {"regions": ["eu-west-1"], "tags": {"team": "data"}, "permissions": {"accounts": ["0" * 12]}},
    "layers": {
        "data": {
            "requirements": ["numpy>=2", "requests[socks]"],
            "runtimes": ["python3.11"],
            "extras": ["s3"],
            "provided-by": ["tools"],
            "bytecode": "only",
            "drop": ["**/tests/**"],
            "files": {"bin/x": "vendor/x", "lib/y": {"x86_64": "vendor/a", "arm64": "vendor/b"}},
            "invoke": {"handler": "app.handler", "event": {"a": [1]}, "env": {"A": "1"}},
            "accept": ["size: *"],
        },
        "tools": {"packages": ["libtools"]},
    },
    "projects": {"libtools": {"env": {"A": "1"}, "inputs": ["../x"], "config-settings": {"a": ["b"]}}},
    "runtimes": {"python3.13": {"build-image": "a", "image": {"arm64": "b"}, "glibc": "2.34"}},
}
LOCK: dict[str, Any] = {
    "version": 1,
    "engine": "docker",
    "settings": {"constraints": ["numpy<3"], "indexes": [], "strategy": "first-index", "one": {"a": True}},
    "images": {"python3.13-arm64": "sha256:" + "0" * 64},
    "builds": {
        "data-python3.13-arm64": {
            "stale": True,
            "requirements": ["numpy>=2"],
            "exclude": ["boto3"],
            "build-from-source": ["numpy"],
            "distributions": ["numpy 2.2.6 = numpy-2.2.6-py3-none-any.whl"],
        }
    },
    "build-requirements": {
        "python3.13-arm64: setuptools": {
            "requirements": ["setuptools"],
            "distributions": ["setuptools 84.0.0 = setuptools-84.0.0-py3-none-any.whl"],
        }
    },
    "distributions": {
        "numpy 2.2.6": {"numpy-2.2.6-py3-none-any.whl": "a" * 64},
        "setuptools 84.0.0": {"setuptools-84.0.0-py3-none-any.whl": "b" * 64},
    },
}
UV: dict[str, Any] = {
    "index": [
        {"name": "corp", "url": "https://user:secret@index.example/simple", "explicit": True},
        {"url": "https://index.example/b", "default": True},
        {"name": "flat", "url": "vendor", "format": "flat"},
    ],
    "index-url": "https://index.example/c",
    "extra-index-url": ["https://index.example/d"],
    "find-links": ["vendor"],
    "keyring-provider": "subprocess",
    "index-strategy": "unsafe-best-match",
    "no-index": False,
    "sources": {"libthing": [{"index": "corp", "marker": "sys_platform == 'linux'"}], "other": {"git": "x"}},
}
KEYS = [*keys_of(Manifest), *keys_of(Layer), *keys_of(ProjectOptions), "runtimes", "layers", "projects"]


def read_manifest(content: bytes) -> bool:
    """Read a layers.toml; whether anything is wrong with it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "layers.toml")
        path.write_bytes(content)
        try:
            found, faults = manifest.read(path)
        except PylayerError:
            return True
        for layer in found.layers:
            assert all(target.tags and target.markers for target in layer.targets)
            assert all(
                file.source(target.architecture) is not None
                for file in layer.files
                for target in layer.targets
            )
            hash(layer)
        assert all(fault.where for fault in faults)
        return bool(faults)


def read_lock(content: bytes) -> bool:
    """Read a layers.lock, and write it again; whether anything is wrong with it."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "layers.lock")
        path.write_bytes(content)
        try:
            found = lock.read(path)
        except PylayerError:
            return True
        assert found is not None
        run = Run(settings=found.settings, builds={}, environments={})
        after: Lock = found.after(run, known=list(found.builds))
        lock.write(path, after)
        assert lock.read(path) == after
        return False


def read_settings(content: bytes, name: str = "uv.toml") -> bool:
    """Read uv's settings; whether anything is wrong with them. Nobody is told what they keep secret."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / name).write_bytes(content)
        try:
            found = settings.read(root, env={"HOME": folder})
        except PylayerError as error:
            said, found = str(error), None
        if found is None:
            assert "secret" not in said
            return True
        found.key()
        assert all(isinstance(str(index), str) and index.with_login for index in found.everywhere)
        return False


@pytest.mark.parametrize(("read", "document"), [(read_lock, LOCK), (read_settings, UV)])
def test_what_is_changed_is_right(read, document):
    """Else nothing would be tried."""
    assert not read(written(document).encode())


def test_the_manifest_that_is_changed_is_right(tmp_path):
    """But for the files that it names, which are not there."""
    path = tmp_path / "layers.toml"
    path.write_text(written(MANIFEST))
    assert {"there is no file"} == {fault.what.partition(' "')[0] for fault in manifest.read(path)[1]}


@fuzzing
@given(mutated(MANIFEST, words=KEYS))
def test_manifests_with_something_wrong(text):
    read_manifest(text.encode())


@fuzzing
@given(torn(written(MANIFEST)))
def test_torn_manifests(content):
    read_manifest(content)


@fuzzing
@given(mutated(LOCK, words=["stale", "exclude", "images"]))
def test_locks_with_something_wrong(text):
    read_lock(text.encode())


@fuzzing
@given(torn(written(LOCK)))
def test_torn_locks(content):
    read_lock(content)


@fuzzing
@given(mutated(UV, words=["explicit", "default", "index", "marker", "url"]))
def test_settings_with_something_wrong(text):
    read_settings(text.encode())


@fuzzing
@given(mutated({"tool": {"uv": UV}}, words=["uv", "explicit", "default", "index", "marker", "url"]))
def test_settings_of_a_pyproject_with_something_wrong(text):
    read_settings(text.encode(), "pyproject.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[tool.uv]\nindex = 'https://index.example'\n",
        "[tool.uv]\nindex = ['https://index.example']\n",
        "[tool.uv]\nindex-url = 1\nextra-index-url = 'x'\n",
        "[tool.uv.sources]\nx = 'corp'\n",
        "[tool]\nuv = 1\n",
        "tool = 1\n",
    ],
)
def test_settings_of_a_wrong_type_are_told(text):
    """As layers.toml's are: with their place."""
    tomli.loads(text)
    assert read_settings(text.encode(), "pyproject.toml")


@pytest.mark.parametrize(
    "wrong",
    [{"images": True}, {"settings": 1}, {"engine": 1}, {"builds": {"a": []}}, {"distributions": {"a": "b"}}],
)
def test_tables_of_a_lock_that_are_none(wrong):
    """A lock that was merged by hand."""
    assert read_lock(written({**LOCK, **wrong}).encode())
