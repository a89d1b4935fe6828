"""A repository's noxfile.py and tasks.py → the lines that have pylayer's sessions and tasks in them."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from pylayer.dataclassing import dataclass
from pylayer.monorepo.projectfile import glance
from pylayer.names import required_name
from pylayer.tables import table_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path
    from typing import Any

NOXFILE, TASKS = "noxfile.py", "tasks.py"
# What a task's own module gives beside tasks of one's own; the others are reached by `pylayer`.
_USUAL = ("layers", "build-layer", "lock", "verify")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontend:
    """A file, and what is to be in it: the whole `text` where it is `new`, else lines to add."""

    file: str
    text: str
    new: bool


def frontends(root: Path, *, nox: bool, invoke: bool, commands: Collection[str]) -> Iterator[Frontend]:
    """What is proposed for nox and invoke, which have all `commands`.

    Of a file that is there, lines are only told. A new one is made where it is asked for, or where
    pyproject.toml names the tool among what is needed to develop: everything works without either.
    """
    wanted = _development(root)
    for file, asked, name, own, new in (
        (NOXFILE, nox, "nox", _for_noxfile, _NEW_NOXFILE),
        (TASKS, invoke, "invoke", _for_tasks, _NEW_TASKS),
    ):
        path = root / file
        if path.exists() or path.is_symlink():
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            if name in text and "pylayer" not in text:
                yield Frontend(file=file, text=own(text, commands), new=False)
        elif asked or name in wanted:
            yield Frontend(file=file, text=new, new=True)


_NEW_NOXFILE = '''\
"""The sessions of this repository: `nox --list` tells of them, `nox -s layers` builds the layers."""

import pylayer.sessions

pylayer.sessions.register()
'''
_NEW_TASKS = '''\
"""The tasks of this repository: `invoke --list` tells of them, `invoke layers` builds the layers."""

import pylayer.tasks

ns = pylayer.tasks.ns
'''


def _for_noxfile(text: str, commands: Collection[str]) -> str:
    taken = _sessions(text) & {*commands}
    prefix = 'prefix="pylayer-"' if taken else ""
    told = f"  # you have a session {', '.join(sorted(taken))}" if taken else ""
    return f"import pylayer.sessions\n\npylayer.sessions.register({prefix}){told}\n"


def _sessions(text: str) -> set[str]:
    """The names of the sessions that a noxfile defines."""
    found: set[str] = set()
    for node in ast.walk(_parsed(text)):
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if isinstance(call, ast.Name | ast.Attribute) and ast.unparse(call).endswith("session"):
                keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                named = [each.value for each in keywords if each.arg == "name"]
                name = named[0].value if named and isinstance(named[0], ast.Constant) else node.name
                found.add(str(name))
    return found


def _for_tasks(text: str, commands: Collection[str]) -> str:
    assigned = {
        target.id
        for node in _parsed(text).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for name in ("ns", "namespace"):
        if name in assigned:
            return f"import pylayer.tasks\n\n{name}.add_collection(pylayer.tasks.ns)\n"
    defined = {node.name for node in _parsed(text).body if isinstance(node, ast.FunctionDef)}
    names = [name.replace("-", "_") for name in commands if name in _USUAL]
    names = sorted(name for name in names if name not in defined)
    return f"from pylayer.tasks import {', '.join(names)}  # noqa: F401  invoke finds them\n"


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def _development(root: Path) -> frozenset[str]:
    """Name all that the pyproject.toml at the top, and requirements files, need for development."""
    content = glance(root)
    names = set(map(required_name, _texts(table_at(content, "dependency-groups"))))
    names.update(map(required_name, _texts(table_at(content, "project", "optional-dependencies"))))
    names.update(map(required_name, _texts({"": table_at(content, "tool", "uv").get("dev-dependencies")})))
    for tool in ("pdm", "hatch"):
        names.update(map(required_name, _texts(table_at(content, "tool", tool, "dev-dependencies"))))
    poetry = table_at(content, "tool", "poetry")
    for group in ({"": poetry.get("dev-dependencies")}, table_at(poetry, "group")):
        for each in group.values():
            names.update(table_at(each, "dependencies") or (each if isinstance(each, dict) else ()))
    for path in sorted(root.glob("*requirements*.txt")):
        if re.search(r"dev|test|lint|nox|build", path.name):
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            names.update(map(required_name, lines))
    return frozenset(names)


def _texts(groups: Any) -> Iterator[str]:  # noqa: ANN401  whatever stands there
    for group in groups.values() if isinstance(groups, dict) else ():
        yield from (text for text in group if isinstance(text, str)) if isinstance(group, list) else ()
