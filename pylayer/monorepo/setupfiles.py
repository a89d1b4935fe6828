"""setup.cfg and setup.py → what they state, the name above all, read and never run."""

from __future__ import annotations

import re
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
# What imports one of these sets something up; the sections of setup.cfg that are about a distribution.
_BUILDERS = frozenset({"distutils", "setuptools", "skbuild"})
_SECTIONS = frozenset({"metadata", "options", "files"})  # the last is pbr's
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

    from pylayer.monorepo.literals import parsed

    try:
        module = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    values = [each.value for call in calls for each in call.keywords if each.arg in _OF_FOLDERS]
    values += [value for call in calls if _called(call.func) in _FINDERS for value in call.args]
    return [path for value in values for path in _paths(value)]


def _paths(value: ast.expr) -> Iterator[str]:
    """The texts in a value, in order; those that os.path.join is given are one."""
    import ast

    waiting: list[ast.AST] = [value]  # a sum of 1,500 is nested as deeply
    while waiting:
        found = waiting.pop()
        if isinstance(found, ast.Call) and _called(found.func) == "join":
            parts = [each.value for each in found.args if isinstance(each, ast.Constant)]
            yield "/".join(map(str, parts))
        elif isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value
        else:
            inner = [each for each in ast.iter_child_nodes(found) if isinstance(each, ast.expr)]
            waiting += reversed(inner)


def _called(function: ast.expr) -> str:
    import ast

    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def name_in_setup_py(path: Path, *, where: str) -> str | None:
    """Read `name` of a `setup(…)` call as far as it is written there (see `literals`); else None.

    ManifestError where the file cannot be read as Python by this interpreter.
    """
    return _literal(path, "name", where=where)


def python_in_setup_py(path: Path, *, where: str) -> str | None:
    """Read `python_requires`, in the same way."""
    return _literal(path, "python_requires", where=where)


def requires_in_setup_py(path: Path, *, where: str) -> Requires | None:
    """Read the literal lists of `install_requires` and `extras_require`.

    None where one is computed or no list, as where neither is there.
    """
    import ast

    from pylayer.monorepo.literals import Assignments

    def value(stated: ast.expr) -> ast.expr:
        found = assignments.of(stated.id) if isinstance(stated, ast.Name) else None
        return found or stated

    module = _parsed(path, where=where)
    assignments = Assignments(module)
    stated = [_argument(module, keyword) for keyword in ("install_requires", "extras_require")]
    if stated == [None, None]:
        return None
    try:
        requires, extras = (each and ast.literal_eval(value(each)) for each in stated)
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
    return _argument(_parsed(path, where=where), "use_scm_version", at_first=True) is not None


def _literal(path: Path, keyword: str, *, where: str) -> str | None:
    from pylayer.monorepo.literals import Literals

    module = _parsed(path, where=where)
    value = _argument(module, keyword)
    return Literals(module, folder=path.parent).text(value) if value is not None else None


def is_setup_script(path: Path) -> bool:
    """Whether a setup.py builds something: others are modules of this name. One that cannot be read may."""
    import ast

    from pylayer.monorepo.literals import parsed

    try:
        module = parsed(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names) if any(_builds(each.name) for each in names):
                return True
            case ast.ImportFrom(module=str(name)) if _builds(name):
                return True
            case ast.Call(func=function) if _called(function) == "setup":
                return True
    return False


def _builds(module: str) -> bool:
    return not _BUILDERS.isdisjoint(module.split("."))


def builds_by_setup_cfg(path: Path, *, where: str) -> bool:
    """Whether a setup.cfg is about a distribution: others are for tools alone. Raises ManifestError."""
    return not _SECTIONS.isdisjoint(_config(path, where=where).sections())


def _parsed(path: Path, *, where: str) -> ast.Module:
    from pylayer.monorepo.literals import parsed

    try:
        return parsed(path.read_bytes())
    # Of nesting without end, one version of Python says that, and another this.
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ManifestError(f"cannot be read: {error}", where=where) from error


def _argument(module: ast.Module, keyword: str, *, at_first: bool = False) -> ast.expr | None:
    """What a `setup(…)` call is given for a keyword, by itself or in a dictionary: `setup(**config)`.

    `at_first` takes what such a dictionary begins with, even if it is changed afterwards.
    """
    import ast

    from pylayer.monorepo.literals import Assignments

    assignments = Assignments(module)
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id="setup") | ast.Attribute(attr="setup")):
                for argument in node.keywords:
                    if argument.arg == keyword:
                        return argument.value
                    value = argument.value
                    if not argument.arg and (found := assignments.entry(value, keyword, at_first=at_first)):
                        return found
    return None
