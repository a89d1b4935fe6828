"""setup.cfg and setup.py → what they state, the name above all, read and never run."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from pylayer.errors import ManifestError

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator
    from configparser import RawConfigParser
    from pathlib import Path

_CLIMBING = re.compile(r"(?:^|[\s=,:])(\.\.(?:/[^\s,;#]*)?)(?=[\s,;#]|$)", re.MULTILINE)
# Keywords and functions of setuptools that are given folders.
_OF_FOLDERS = frozenset({"include_dirs", "package_dir", "where"})
_FINDERS = frozenset({"find_namespace_packages", "find_packages"})
# What a project requires, and what for each of its extras: PEP 508, as it is written.
Requires = tuple[list[str], dict[str, list[str]]]


def name_in_setup_cfg(path: Path, *, where: str) -> str | None:
    """Read `name` of `[metadata]`; None where there is none, ManifestError where the file cannot be read."""
    return _option(path, "metadata", "name", where=where)


def python_in_setup_cfg(path: Path, *, where: str) -> str | None:
    """Read `python_requires` of `[options]`, in the same way."""
    return _option(path, "options", "python_requires", where=where)


def requires_in_setup_cfg(path: Path, *, where: str) -> Requires | None:
    """Read `install_requires` of `[options]`, and `[options.extras_require]` by extra.

    None where they are in other files, or not there at all.
    """
    parser = _config(path, where=where)
    stated = parser.get("options", "install_requires", fallback="")
    extras = dict(parser.items("options.extras_require")) if "options.extras_require" in parser else {}
    if not (stated.strip() or extras) or any("file:" in text for text in (stated, *extras.values())):
        return None
    return _listed(stated), {extra: _listed(text) for extra, text in extras.items()}


def _listed(text: str) -> list[str]:
    """A list as setuptools reads it: one for each line, or all in one with semicolons between."""
    items = text.splitlines() if "\n" in text else text.split(";")
    return [item.strip() for item in items if item.strip() and not item.strip().startswith("#")]


def _option(path: Path, section: str, name: str, *, where: str) -> str | None:
    return _config(path, where=where).get(section, name, fallback="").strip() or None


def _config(path: Path, *, where: str) -> RawConfigParser:
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=path.name)
    except (OSError, UnicodeDecodeError, Error) as error:
        message = str(error).replace("\n", " ")
        raise ManifestError(f"cannot be read: {message}", where=where) from error
    return parser


def paths_in_setup_cfg(text: str) -> list[str]:
    """List the paths upwards in what setuptools reads of it; none of a text that nobody can read."""
    if ".." not in text:
        return []
    from configparser import Error, RawConfigParser

    parser = RawConfigParser()
    try:
        parser.read_string(text)
    except Error:
        return []
    sections = [name for name in parser.sections() if name in {"metadata", "files"} or name[:7] == "options"]
    values = [value for name in sections for _, value in parser.items(name)]
    return [path for value in values for path in _CLIMBING.findall(value)]


def paths_in_setup_py(text: str) -> list[str]:
    """List the folders that it names where setuptools expects some; none of a text that nobody can read."""
    if ".." not in text:
        return []
    import ast

    try:
        module = _module(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    values = [each.value for call in calls for each in call.keywords if each.arg in _OF_FOLDERS]
    values += [value for call in calls if _called(call.func) in _FINDERS for value in call.args]
    return [path for value in values for path in _paths(value)]


def _paths(value: ast.expr) -> Iterator[str]:
    """The texts in a value; those that os.path.join is given are one."""
    import ast

    if isinstance(value, ast.Call) and _called(value.func) == "join":
        parts = [each.value for each in value.args if isinstance(each, ast.Constant)]
        yield "/".join(map(str, parts))
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    else:
        for inner in ast.iter_child_nodes(value):
            if isinstance(inner, ast.expr):
                yield from _paths(inner)


def _called(function: ast.expr) -> str:
    import ast

    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def name_in_setup_py(path: Path, *, where: str) -> str | None:
    """Read the literal `name` of a `setup(…)` call, or the module's constant that it names; else None.

    ManifestError where the file cannot be read as Python by this interpreter.
    """
    return _literal(path, "name", where=where)


def python_in_setup_py(path: Path, *, where: str) -> str | None:
    """Read the literal `python_requires`, in the same way."""
    return _literal(path, "python_requires", where=where)


def requires_in_setup_py(path: Path, *, where: str) -> Requires | None:
    """Read the literal lists of `install_requires` and `extras_require`.

    None where one is computed or no list, as where neither is there.
    """
    import ast

    module = _parsed(path, where=where)
    stated = [_argument(module, keyword) for keyword in ("install_requires", "extras_require")]
    if stated == [None, None]:
        return None
    try:
        requires, extras = (value and ast.literal_eval(_assigned(value, module) or value) for value in stated)
        found = _texts(requires or []), {str(extra): _texts(each) for extra, each in (extras or {}).items()}
    except (ValueError, TypeError, AttributeError):
        return None
    return found


def _texts(value: object) -> list[str]:
    """A list of strings; TypeError for anything else, such as a string of lines, which setuptools takes."""
    if isinstance(value, list | tuple) and all(isinstance(text, str) for text in value):
        return [*value]
    raise TypeError(value)


def uses_scm_version(path: Path, *, where: str) -> bool:
    """Whether a `setup(…)` call has setuptools-scm's `use_scm_version`."""
    return _argument(_parsed(path, where=where), "use_scm_version") is not None


def _literal(path: Path, keyword: str, *, where: str) -> str | None:
    module = _parsed(path, where=where)
    value = _argument(module, keyword)
    return _text(value, module) if value is not None else None


def _parsed(path: Path, *, where: str) -> ast.Module:
    try:
        return _module(path.read_bytes())
    # Of nesting without end, one version of Python says that, and another this.
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ManifestError(f"cannot be read: {error}", where=where) from error


def _module(text: str | bytes) -> ast.Module:
    import ast

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's setup.py
        return ast.parse(text, filename="setup.py")


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

    found = _assigned(value, module)
    return found.value if isinstance(found, ast.Constant) and isinstance(found.value, str) else None


def _assigned(value: ast.expr, module: ast.Module) -> ast.expr | None:
    """Give a value itself, or of a name what the module assigns to it, if that is done once."""
    import ast

    if not isinstance(value, ast.Name):
        return value
    stores = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and node.id == value.id and isinstance(node.ctx, ast.Store)
    ]
    for statement in module.body if len(stores) == 1 else []:
        match statement:
            case ast.Assign(targets=[target], value=found) if target is stores[0]:
                return found
            case ast.AnnAssign(target=target, value=found) if target is stores[0]:
                return found
    return None
