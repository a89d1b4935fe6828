"""What `import pylayer` gives: what docs/api.md lists, and nothing else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import apipage
import pylayer

PACKAGE = Path(pylayer.__file__).parent
FUNCTIONS = [getattr(pylayer, name) for name in apipage.FUNCTIONS]
VALUES = [kind for name in apipage.VALUES if is_dataclass(kind := getattr(pylayer, name))]
# What a name says by itself, and is explained where it is first met.
PLAIN = {
    "architecture",
    "build",
    "handler",
    "layer",
    "layers",
    "manifest",
    "module",
    "outcomes",
    "projects",
    "region",
    "runtime",
    "state",
}


def test_the_page_is_what_the_code_says():
    """After a change of either, `nox -s reference` writes it anew."""
    assert apipage.PAGE.read_text(encoding="utf-8") == apipage.page()


def test_the_page_tells_of_all_that_is_public():
    """And of nothing else; all of it is there."""
    assert sorted(pylayer.__all__) == sorted(apipage.told()) == sorted(dir(pylayer))
    assert [] == [name for name in pylayer.__all__ if not hasattr(pylayer, name)]


def test_no_name_is_that_of_a_module():
    """An imported module would take its place."""
    modules = {path.stem for path in PACKAGE.iterdir() if not path.stem.startswith("__")}
    assert set() == modules & set(pylayer.__all__)


def test_a_type_checker_sees_what_runs():
    """What is imported for it comes from the modules from which names come when they are used."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pylayer.")
        for alias in node.names
    }
    assert {
        name: getattr(pylayer, name).__module__ for name in pylayer.__all__ if name != "__version__"
    } == seen


def test_importing_it_imports_nothing_else():
    """Not until a name is used; a name that is not there is an error."""
    script = """
import sys
before = set(sys.modules)
import pylayer
assert set(sys.modules) - before == {"pylayer"}, set(sys.modules) - before
dir(pylayer)
try:
    pylayer.nonesuch
except AttributeError:
    pass
pylayer.PylayerError
print(sorted(name for name in set(sys.modules) - before if name.startswith("pylayer")))
pylayer.build
heavy = {"asyncio", "boto3", "docker", "requests", "rich", "packaging", "uv", "tomli"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ["['pylayer', 'pylayer.dataclassing', 'pylayer.errors']", "[]"] == done.stdout.splitlines()


@pytest.mark.parametrize("function", FUNCTIONS, ids=apipage.FUNCTIONS)
def test_a_function_says_what_it_raises(function):
    """By names that are public."""
    told = " ".join(function.__doc__.partition("Raises ")[2].split())
    errors = re.findall(r"\b[A-Z]\w+Error\b", told)
    assert "ManifestError" in errors
    assert set() == set(errors) - set(apipage.errors())


@pytest.mark.parametrize("function", FUNCTIONS, ids=apipage.FUNCTIONS)
def test_a_function_tells_of_each_parameter(function):
    """In its docstring; `reporter` and the manifest are those of all."""
    names = {parameter.name for parameter in apipage._parameters(function)} - {"manifest", "reporter"}
    assert set() == {name for name in names if f"`{name}`" not in function.__doc__}


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_a_value_is_frozen_and_tells_of_its_fields(kind):
    """Sizes, times and digests with their units."""
    assert kind.__dataclass_params__.frozen
    assert kind.__slots__
    assert all(each.kw_only for each in fields(kind))
    named = set(re.findall(r"`(\w+)`", kind.__doc__))
    unsaid = {each.name for each in fields(kind)} - named - PLAIN
    assert not unsaid - ({"size", "unzipped_size"} if "sizes are" in kind.__doc__ else set())
    times = {each.name for each in fields(kind) if "float" in str(each.type)}
    assert not times or "second" in kind.__doc__ or "how long" in kind.__doc__
