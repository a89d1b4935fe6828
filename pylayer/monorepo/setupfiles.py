"""setup.cfg and setup.py → what they state, the name above all, read and never run."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pylayer.errors import ManifestError

if TYPE_CHECKING:
    import ast
    from pathlib import Path


def name_in_setup_cfg(path: Path, *, where: str) -> str | None:
    """Read `name` of `[metadata]`; None where there is none, ManifestError where the file cannot be read."""
    return _option(path, "metadata", "name", where=where)


def python_in_setup_cfg(path: Path, *, where: str) -> str | None:
    """Read `python_requires` of `[options]`, in the same way."""
    return _option(path, "options", "python_requires", where=where)


def _option(path: Path, section: str, name: str, *, where: str) -> str | None:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=path.name)
    except (OSError, UnicodeDecodeError, Error) as error:
        message = str(error).replace("\n", " ")
        raise ManifestError(f"cannot be read: {message}", where=where) from error
    return parser.get(section, name, fallback="").strip() or None


def name_in_setup_py(path: Path, *, where: str) -> str | None:
    """Read the literal `name` of a `setup(…)` call, or the module's constant that it names; else None.

    ManifestError where the file cannot be read as Python by this interpreter.
    """
    return _literal(path, "name", where=where)


def python_in_setup_py(path: Path, *, where: str) -> str | None:
    """Read the literal `python_requires`, in the same way."""
    return _literal(path, "python_requires", where=where)


def uses_scm_version(path: Path, *, where: str) -> bool:
    """Whether a `setup(…)` call has setuptools-scm's `use_scm_version`."""
    return _argument(_parsed(path, where=where), "use_scm_version") is not None


def _literal(path: Path, keyword: str, *, where: str) -> str | None:
    module = _parsed(path, where=where)
    value = _argument(module, keyword)
    return _text(value, module) if value is not None else None


def _parsed(path: Path, *, where: str) -> ast.Module:
    import ast

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in somebody's setup.py
            return ast.parse(path.read_bytes(), filename=path.name)
    # Of nesting without end, one version of Python says that, and another this.
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ManifestError(f"cannot be read: {error}", where=where) from error


def _argument(module: ast.Module, keyword: str) -> ast.expr | None:
    import ast

    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id="setup") | ast.Attribute(attr="setup")):
                for argument in node.keywords:
                    if argument.arg == keyword:
                        return argument.value
    return None


def _text(value: ast.expr, module: ast.Module) -> str | None:
    """Give a string literal, or what the module assigns once, and literally, to the name that `value` is."""
    import ast

    match value:
        case ast.Constant(value=str(literal)):
            return literal
        case ast.Name(id=name):
            stores = [
                node
                for node in ast.walk(module)
                if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
            ]
            for statement in module.body if len(stores) == 1 else []:
                match statement:
                    case ast.Assign(targets=[target], value=ast.Constant(value=str(literal))):
                        pass
                    case ast.AnnAssign(target=target, value=ast.Constant(value=str(literal))):
                        pass
                    case _:
                        continue
                if target is stores[0]:
                    return literal
    return None
