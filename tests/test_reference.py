"""docs/reference.md, against the code that it tells of."""

from __future__ import annotations

import ast
import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import tomli

import pylayer
import reference
from pylayer.config import manifest
from pylayer.config.layers import Layer, ProjectOptions
from pylayer.config.manifest import Manifest
from pylayer.config.origins import IndexTable
from pylayer.config.publication import LayerSettings
from pylayer.tables import Key, keys_of
from pylayer.targets import load_runtimes

PACKAGE = Path(pylayer.__file__).parent
SECTIONS = dict(reference.sections(manifest.keys(load_runtimes())))
KEYS = [
    pytest.param(key, id=f"{header}.{name}")
    for header, keys in SECTIONS.items()
    for name, key in keys.items()
]


def anchors(path):
    """The places of a page that links can name, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_page_is_what_the_code_says():
    """After a change of either, `nox -s reference` writes it anew."""
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()


def test_every_table_of_layers_toml_is_there():
    """By its header; a layer's `publish` has the keys of the general one."""
    expected = {
        "",
        "engine",
        "index[]",
        "publish",
        "publish.permissions",
        "provenance",
        "cache",
        "workers",
        "budgets",
        "sets.NAME",
        "layers.NAME",
        "layers.NAME.invoke",
        "projects.NAME",
        'runtimes."python3.N"',
    }
    assert expected == set(SECTIONS)


def test_no_table_has_keys_that_are_not_told():
    """Keys are named beside what is said of them, never in the call that makes a parser of them."""
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted((PACKAGE / "config").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "table"
        if any(isinstance(key, ast.Constant) for each in node.args for key in getattr(each, "keys", ()))
    ]
    assert [] == found


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_told(key):
    """Which values it has, what it does, and where there is more of it."""
    assert isinstance(key, Key)
    assert key.takes
    assert key.help.endswith(".")
    if key.see:
        page, _, anchor = key.see.partition("#")
        assert anchor in anchors(reference.PAGE.with_name(page))


@pytest.mark.parametrize("kind", [Manifest, Layer, ProjectOptions, IndexTable, LayerSettings])
def test_a_default_means_what_an_absent_key_does(kind):
    """Where it is written as TOML."""
    told = keys_of(kind)
    for field in fields(kind):
        key = told.get(field.name.replace("_", "-"))
        if key and key.default and reference.is_toml(key.default):
            assert field.default is not MISSING
            assert field.default == key(tomli.loads(f"value = {key.default}")["value"])


def test_links_lead_somewhere():
    """To headings of other pages, and of this one."""
    for page, anchor in re.findall(r"\]\((\w+\.md)?#([^)]+)\)", reference.page()):
        assert anchor in anchors(reference.PAGE.with_name(page or reference.PAGE.name))


def test_every_module_that_writes_a_file_is_there():
    """So that no file is written of which the page says nothing."""
    writers = {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"write_atomic", "write_changed", "write_text", "write_json"}
    }
    assert writers | {"pipeline"} == set(reference.FILES)  # it hands out archives, by links


def test_statuses_are_told():
    """Those of errors, and those that none has."""
    told = reference.statuses()

    assert "A wheel cannot be copied safely, or two wheels contradict each other." == told[10]
    assert {*range(17), 20, 130} == set(told)
