"""layers.toml in an editor: the language server of Even Better TOML, asked as the editor asks it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from factories import npm
from factories.languageserver import LanguageServer
from factories.monorepo import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.command, pytest.mark.deploytools]

TEXT = """\
#:schema ./layers.schema.json
packages = ["libs/*"]
engin = "auto"

[defaults]
runtimes = ["python3.13"]
fork-strategy = ""

[layers.data]

"""


@pytest.fixture
def server(tmp_path):
    """The server, in a folder with what `pylayer init` writes there."""
    modules = npm.installed({"@taplo/lsp": "0.8.0"})
    shutil.copy(ROOT / "pylayer" / "layers.schema.json", tmp_path)
    node = shutil.which("node")
    assert node, "npm is there, and node is not"
    words: list[str | Path] = [node, ROOT / "tests/editors/taplo-lsp.cjs"]
    with LanguageServer(words, folder=tmp_path, env=os.environ | {"NODE_PATH": str(modules)}) as server:
        yield server


def test_it_finds_mistakes_completes_and_explains(server, tmp_path):
    """By the first line of the file alone."""
    told = {each["message"] for each in server.open(tmp_path / "layers.toml", TEXT)}
    assert "Additional properties are not allowed ('engin' was unexpected)" in told
    assert '"" is not one of ["requires-python","fewest"]' in told

    keys = {each["label"] for each in server.at("completion", line=9, character=0)}
    assert {"description", "requirements", "provided-by", "invoke"} <= keys
    values = {each["label"] for each in server.at("completion", line=6, character=17)}
    assert {'"requires-python"', '"fewest"'} == values

    hover = server.at("hover", line=5, character=2)
    assert "The runtimes that layers are built for." in hover["contents"]["value"]
