"""What is said of environment variables, against what the code does with them."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pylayer import envtable
from pylayer.envtable import VARIABLES

PACKAGE = Path(envtable.__file__).parent
SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != Path(envtable.__file__)]
NAMES = {name for told in VARIABLES.values() for name in told}
PATTERNS = [re.sub(r"<\w+>", "*", name) for row in NAMES for name in row.split(", ")]
# What looks like a variable and is none: versions of glibc's symbols, and a ref of git's.
OTHERS = {"GLIBC_ABI_DT_RELR", "GLIBC_ABI_GNU2_TLS", "FETCH_HEAD"}
# Read by the standard library for us.
FOREIGN = {"COLUMNS"}
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


def is_told(name):
    """In the table, as it stands or among others."""
    return any(fnmatchcase(name, pattern) for pattern in PATTERNS)


def asked(path):
    """The names that are looked up in an environment."""
    text = path.read_text(encoding="utf-8")
    if not re.search(r"env(iron)?\b", text):
        return  # parsing takes long
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr="get" | "pop"), args=[ast.Constant(name), *_]):
                pass
            case ast.Subscript(value=of, slice=ast.Constant(name), ctx=ast.Load()):
                pass
            case _:
                continue
        if re.search(r"env(iron)?$", ast.unparse(of)):
            yield name


def test_what_is_asked_of_an_environment_is_told():
    """Whether it is this process's, or one that was handed in."""
    found = {name: path.relative_to(PACKAGE) for path in SOURCES for name in asked(path)}

    assert {} == {name: path for name, path in found.items() if not is_told(name)}
    assert {"NO_COLOR", "PYENV_ROOT", "PYLAYER_MACHINE"} < set(found)


def test_every_name_of_a_variable_is_told():
    """Those that are set or handed on too, but for what `inside` sets for compilers."""
    named = {
        node.value
        for path in SOURCES
        if path.parent.name != "inside"
        if _VARIABLE.search(text := path.read_text(encoding="utf-8"))  # parsing takes long
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if _VARIABLE.fullmatch(node.value)
    }
    assert set() == {name for name in named - OTHERS if not is_told(name)}


def test_what_is_told_is_there():
    """No row outlives its variable; uv's stand without their prefix where they are handed on."""
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    own = {value: name for name, value in vars(envtable).items() if name.isupper() and isinstance(value, str)}
    gone = {
        name
        for name in NAMES - FOREIGN
        if "*" not in name and "<" not in name
        if f"envtable.{own.get(name)}" not in text
        and name not in text
        and name.removeprefix("UV_") not in text
    }
    assert set() == gone - {envtable.CI, envtable.GITHUB}


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("", False), (None, False)])
def test_a_ci_is_known_by_its_variable(value, expected, monkeypatch):
    """Set to anything."""
    monkeypatch.delenv("CI", raising=False)
    if value is not None:
        monkeypatch.setenv("CI", value)

    assert expected is envtable.in_ci()
