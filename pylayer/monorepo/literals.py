"""An expression in a setup.py → the text that it comes to, as far as that is written there; nothing is run.

It follows constants, f-strings, sums, dictionaries, and `exec` of a file whose constants are taken then:
`exec(open("src/x/about.py").read(), about)` and `about["__title__"]`.
"""

from __future__ import annotations

import ast
import warnings
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pylayer import below

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DEEPEST = 20  # names that lead to names


class Literals:
    """What a module in `folder` states; files that it executes are looked for there."""

    def __init__(self, module: ast.Module, *, folder: Path) -> None:
        self._module = module
        self._folder = folder
        self._looks_for_files = False

    def text(self, value: ast.expr, *, depth: int = 0) -> str | None:
        """The text that an expression comes to; None where only running it could tell."""
        found = None
        match value:
            case _ if depth > _DEEPEST:
                pass
            case ast.Constant(value=str(text)):
                found = text
            case ast.JoinedStr(values=parts):
                found = self._joined(parts, depth)
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                found = self.text(inner, depth=depth + 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                found = self._joined([left, right], depth)
            case ast.Name(id=name):
                found = self._named(name, depth)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))):
                found = self._entry(name, key, depth)
        return found

    def _joined(self, parts: list[ast.expr], depth: int) -> str | None:
        texts = [self.text(part, depth=depth + 1) for part in parts]
        return "".join(map(str, texts)) if None not in texts else None

    def _named(self, name: str, depth: int) -> str | None:
        if not stores(name, self._module):
            return self._executed(name, depth)
        found = assigned(name, self._module)
        return self.text(found, depth=depth + 1) if found else None

    def _entry(self, name: str, key: str, depth: int) -> str | None:
        """What a dictionary has for a key: as it is written, or by the file that is executed into it."""
        # The empty one may stand in the `with` that opens that file.
        match assigned(name, self._module, within=True):
            case ast.Dict(keys=[]) | ast.Call(func=ast.Name(id="dict"), args=[], keywords=[]):
                return self._executed(key, depth, into=name)
        found = entry(ast.Name(id=name), key, self._module)
        return self.text(found, depth=depth + 1) if found else None

    def _executed(self, name: str, depth: int, *, into: str = "") -> str | None:
        """What the one file of Python that the module names and executes assigns to a name."""
        if self._looks_for_files or not any(_executes(node, into) for node in ast.walk(self._module)):
            return None
        self._looks_for_files = True
        files = {path for path in map(self._file, self._paths()) if path}
        self._looks_for_files = False
        if len(files) != 1:
            return None
        try:
            module = parsed(files.pop().read_bytes())
        # Of nesting without end, one version of Python says that, and another this.
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        found = assigned(name, module)
        return Literals(module, folder=self._folder).text(found, depth=depth + 1) if found else None

    def _file(self, name: str) -> Path | None:
        """A file in the folder, which no link leads out of the repository."""
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or place.suffix != ".py":
            return None
        path = self._folder / place
        return path if path.is_file() and not below.is_astray(path) else None

    def _paths(self) -> Iterator[str]:
        """The paths that it writes, in one text or in parts that are joined, without a computed root."""
        for node in ast.walk(self._module):
            match node:
                case ast.Constant(value=str(text)) if text.isprintable():
                    yield text
                case ast.Call(func=ast.Attribute(attr="join" | "joinpath") | ast.Name(id="join")):
                    yield self._path(node.args)
                case ast.BinOp(op=ast.Div()):
                    yield self._path(_divided(node))

    def _path(self, parts: list[ast.expr]) -> str:
        return "/".join(text for part in parts if (text := self.text(part)) and text.isprintable())


def parsed(text: str | bytes) -> ast.Module:
    """Parse somebody's Python; SyntaxError, ValueError, RecursionError or MemoryError where that is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's setup.py
        return ast.parse(text, filename="setup.py")


def assigned(name: str, module: ast.Module, *, within: bool = False) -> ast.expr | None:
    """What a module assigns to a name, if that is done once, and not `within` something else."""
    found = stores(name, module)
    for statement in ast.walk(module) if within else module.body if len(found) == 1 else ():
        match statement:
            case ast.Assign(targets=[target], value=value) if [target] == found:
                return value
            case ast.AnnAssign(target=target, value=value) if [target] == found:
                return value
    return None


def entry(value: ast.expr, key: str, module: ast.Module) -> ast.expr | None:
    """What a dictionary that is written out, or what a module assigns to the name of one, has for a key."""
    written = assigned(value.id, module) if isinstance(value, ast.Name) else value
    match written:
        case ast.Dict(keys=keys, values=values):
            named = [each.value if isinstance(each, ast.Constant) else None for each in keys]
            return values[named.index(key)] if named.count(key) == 1 else None
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=given):
            return next((each.value for each in given if each.arg == key), None)
    return None


def stores(name: str, module: ast.Module) -> list[ast.Name]:
    """Wherever something is assigned to a name."""
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
    ]


def _executes(node: ast.AST, into: str) -> bool:
    """Whether it executes something, into the dictionary of that name or, with none, into the module."""
    match node:
        case ast.Call(func=ast.Name(id="exec"), args=[_]):
            return not into
        case ast.Call(func=ast.Name(id="exec"), args=[_, *others]):
            return into in {each.id for each in others if isinstance(each, ast.Name)}
    return False


def _divided(value: ast.expr) -> list[ast.expr]:
    """The parts of `root / "a" / "b"`, in order."""
    parts = []
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        parts.append(value.right)
        value = value.left
    return [value, *reversed(parts)]
