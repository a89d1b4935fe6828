"""Whatever is in a file that users or their tools write: a right result, or an error that says what is wrong.

hypothesis finds the smallest that is wrong; `test_parsers` tries more, of more kinds, and is quicker.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
import tomli
from campaigns.subjects.documents import (
    LOCK,
    MANIFEST,
    UV,
    read_lock,
    read_manifest,
    read_settings,
    read_settings_of_project,
)
from factories.documents import fuzzing, mutated, torn, written
from hypothesis import given

from pylayer.config import manifest
from pylayer.config.layers import Layer, ProjectOptions
from pylayer.config.manifest import Manifest
from pylayer.errors import PylayerError
from pylayer.tables import keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS = [*keys_of(Manifest), *keys_of(Layer), *keys_of(ProjectOptions), "runtimes", "layers", "projects"]


def refused(read: Callable[[bytes, Path], None], content: bytes) -> bool:
    """Whether anything is wrong with a document; any error that is no PylayerError fails the test."""
    with TemporaryDirectory() as folder:
        try:
            read(content, Path(folder))
        except PylayerError:
            return True
        return False


@pytest.mark.parametrize(("read", "document"), [(read_lock, LOCK), (read_settings, UV)])
def test_what_is_changed_is_right(read, document):
    """Else nothing would be tried."""
    assert not refused(read, written(document).encode())


def test_the_manifest_that_is_changed_is_right(tmp_path):
    """But for the files that it names, which are not there."""
    path = tmp_path / "layers.toml"
    path.write_text(written(MANIFEST))
    assert {"there is no file"} == {fault.what.partition(' "')[0] for fault in manifest.read(path)[1]}


@fuzzing
@given(mutated(MANIFEST, words=KEYS))
def test_manifests_with_something_wrong(text):
    refused(read_manifest, text.encode())


@fuzzing
@given(torn(written(MANIFEST)))
def test_torn_manifests(content):
    refused(read_manifest, content)


@fuzzing
@given(mutated(LOCK, words=["stale", "exclude", "images"]))
def test_locks_with_something_wrong(text):
    refused(read_lock, text.encode())


@fuzzing
@given(torn(written(LOCK)))
def test_torn_locks(content):
    refused(read_lock, content)


@fuzzing
@given(mutated(UV, words=["explicit", "default", "index", "marker", "url"]))
def test_settings_with_something_wrong(text):
    refused(read_settings, text.encode())


@fuzzing
@given(mutated({"tool": {"uv": UV}}, words=["uv", "explicit", "default", "index", "marker", "url"]))
def test_settings_of_a_pyproject_with_something_wrong(text):
    refused(read_settings_of_project, text.encode())


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
    assert refused(read_settings_of_project, text.encode())


@pytest.mark.parametrize(
    "wrong",
    [{"images": True}, {"settings": 1}, {"engine": 1}, {"builds": {"a": []}}, {"distributions": {"a": "b"}}],
)
def test_tables_of_a_lock_that_are_none(wrong):
    """A lock that was merged by hand."""
    assert refused(read_lock, written({**LOCK, **wrong}).encode())
