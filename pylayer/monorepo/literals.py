"""An expression in a setup.py → the text that it comes to, as far as that is written there; nothing is run.

It follows constants, f-strings, sums, dictionaries, and `exec` of a file whose constants are taken then:
`exec(open("src/x/about.py").read(), about)` and `about["__title__"]`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import warnings
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pylayer import below
from pylayer.dataclassing import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# Whoever writes a setup.py decides what is read here, before anything is built. Of what is stated, all these
# are far beyond.
_DEEPEST = 20  # names that lead to names
_LONGEST = 1000  # characters of a text, which is a name or a path
_MOST_STEPS = 10_000  # expressions that are looked at
# Methods of dictionaries that change nothing.
_READING = frozenset({"copy", "get", "items", "keys", "values"})


@dataclass(slots=True, kw_only=True)
class _Looked:
    """What was looked at for one module, with the files that it executes, and those that these do."""

    steps: int = 0
    files: dict[Path, Literals | None] = field(default_factory=dict)


class Literals:
    """What a module in `folder` states; files that it executes are looked for there."""

    def __init__(self, module: ast.Module, *, folder: Path, looked: _Looked | None = None) -> None:
        self._module = module
        self._folder = folder
        self._assignments = Assignments(module)
        self._looked = looked or _Looked()
        self._known: dict[tuple[str, str | None], str | None] = {}
        self._files: frozenset[Path] | None = None

    def text(self, value: ast.expr, *, depth: int = 0) -> str | None:
        """The text that an expression comes to; None where only running it could tell."""
        self._looked.steps += 1
        found = None
        match value:
            case _ if depth > _DEEPEST or self._looked.steps > _MOST_STEPS:
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
                found = self._once(name, None, depth)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))):
                found = self._once(name, key, depth)
        return found if found is not None and len(found) <= _LONGEST else None

    def constant(self, name: str, *, depth: int = 0) -> str | None:
        """The text that the module itself assigns to a name."""
        found = self._assignments.of(name)
        return self.text(found, depth=depth + 1) if found else None

    def _joined(self, parts: list[ast.expr], depth: int) -> str | None:
        whole = ""
        for part in parts:
            text = self.text(part, depth=depth + 1)
            if text is None or len(whole) + len(text) > _LONGEST:
                return None
            whole += text
        return whole

    def _once(self, name: str, key: str | None, depth: int) -> str | None:
        """What a name, or a dictionary for a key, stands for, looked for once however often it is used."""
        place = (name, key)
        if place not in self._known:
            self._known[place] = None  # where it leads to itself
            self._known[place] = self._named(name, depth) if key is None else self._entry(name, key, depth)
        return self._known[place]

    def _named(self, name: str, depth: int) -> str | None:
        if self._assignments.has(name):
            return self.constant(name, depth=depth)
        return self._executed(name, depth)

    def _entry(self, name: str, key: str, depth: int) -> str | None:
        """What a dictionary has for a key: as it is written, or by the file that is executed into it."""
        # The empty one may stand in the `with` that opens that file.
        match self._assignments.of(name, within=True):
            case _ if self._assignments.changes(name, key):
                return None
            case ast.Dict(keys=[]) | ast.Call(func=ast.Name(id="dict"), args=[], keywords=[]):
                return self._executed(key, depth, into=name)
        found = self._assignments.entry(ast.Name(id=name), key)
        return self.text(found, depth=depth + 1) if found else None

    def _executed(self, name: str, depth: int, *, into: str = "") -> str | None:
        """What the one file of Python that the module names and executes assigns to a name."""
        if not self._assignments.executes(into):
            return None
        files = self._named_files()
        if len(files) != 1:
            return None
        opened = self._opened(next(iter(files)))
        return opened.constant(name, depth=depth) if opened else None

    def _named_files(self) -> frozenset[Path]:
        """The files that the module names, by what it says without them."""
        if self._files is None:
            self._files = frozenset()
            known, self._known = self._known, {}
            self._files = frozenset(path for path in map(self._file, self._paths()) if path)
            self._known = known
        return self._files

    def _opened(self, path: Path) -> Literals | None:
        """A file's own literals; None where it is no Python."""
        files = self._looked.files
        if path not in files:
            files[path] = None
            # Of nesting without end, one version of Python says that, and another this.
            with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                module = parsed(path.read_bytes())
                files[path] = Literals(module, folder=self._folder, looked=self._looked)
        return files[path]

    def _file(self, name: str) -> Path | None:
        """A file in the folder, which no link leads out of the repository, or to version control's own."""
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or place.suffix != ".py":
            return None
        # Some texts are too long for the system to look for them.
        if not os.path.isfile(self._folder / place):  # noqa: PTH113
            return None
        top = below.repository(self._folder.resolve())
        try:
            found = below.find(top, name, start=self._folder)
        except below.OutsideError:
            return None
        return found if below.HISTORY.isdisjoint(found.relative_to(top).parts) else None

    def _paths(self) -> Iterator[str]:
        """The paths that it writes, in one text or in parts that are joined, without a computed root."""
        beginnings = set()
        for node in ast.walk(self._module):
            match node:
                case ast.Constant(value=str(text)) if text.isprintable():
                    yield text
                case ast.Call(func=ast.Attribute(attr="join" | "joinpath") | ast.Name(id="join")):
                    yield self._path(node.args)
                case ast.BinOp(op=ast.Div(), left=left):
                    beginnings.add(id(left))  # a part of this one, and met after it
                    if id(node) not in beginnings:
                        yield self._path(_divided(node))

    def _path(self, parts: list[ast.expr]) -> str:
        return "/".join(text for part in parts if (text := self.text(part)) and text.isprintable())


class Assignments:
    """What a module assigns to names, and executes, looked for once."""

    def __init__(self, module: ast.Module) -> None:
        self._stores: dict[str, int] = {}
        self._values: dict[str, tuple[ast.expr, bool]] = {}
        self._executed: set[str] = set()
        self._entries: dict[int, Mapping[str, ast.expr | None]] = {}
        self._changed: set[tuple[str, str]] = set()  # name and key, which is empty for any
        top = set(map(id, module.body))
        for node in ast.walk(module):
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    self._stores[name] = self._stores.get(name, 0) + 1
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    self._values[name] = (value, id(node) in top)
                case ast.Call(func=ast.Name(id="exec"), args=[_, *others]):
                    names = {each.id for each in others if isinstance(each, ast.Name)}
                    self._executed |= names if others else {""}
                case ast.Name(id=name, ctx=ast.Del()) | ast.AugAssign(target=ast.Name(id=name)):
                    self._changed.add((name, ""))
                case ast.Subscript(value=ast.Name(id=name), slice=place, ctx=ast.Store() | ast.Del()):
                    self._changed.add((name, _key(place)))
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr not in _READING:
                    self._changed.add((name, ""))

    def has(self, name: str) -> bool:
        """Whether anything is assigned to a name anywhere."""
        return name in self._stores

    def executes(self, into: str) -> bool:
        """Whether it executes something, into the dictionary of that name or, with none, into the module."""
        return into in self._executed

    def of(self, name: str, *, within: bool = False) -> ast.expr | None:
        """What is assigned to a name, if that is done once, and not `within` something else."""
        value, at_the_top = self._values.get(name, (None, False))
        return value if self._stores.get(name) == 1 and (at_the_top or within) else None

    def changes(self, name: str, key: str) -> bool:
        """Whether it may change what a dictionary of that name has for a key."""
        return not self._changed.isdisjoint({(name, ""), (name, key)})

    def entry(self, value: ast.expr, key: str, *, at_first: bool = False) -> ast.expr | None:
        """What a dictionary that is written out, or is assigned to a name, has for a key.

        None where it may have another one later, unless what it has `at_first` is asked for.
        """
        if isinstance(value, ast.Name) and self.changes(value.id, key) and not at_first:
            return None
        written = self.of(value.id) if isinstance(value, ast.Name) else value
        if written is None:
            return None
        if id(written) not in self._entries:
            self._entries[id(written)] = _entries(written)
        return self._entries[id(written)].get(key)


def parsed(text: str | bytes) -> ast.Module:
    """Parse somebody's Python; SyntaxError, ValueError, RecursionError or MemoryError where that is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an invalid escape in somebody's setup.py
        return ast.parse(text, filename="setup.py")


def _entries(written: ast.expr) -> Mapping[str, ast.expr | None]:
    """What a dictionary that is written out has, by key; None for a key that it has twice."""
    found: dict[str, ast.expr | None] = {}
    match written:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    found[key.value] = None if key.value in found else value
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=given):
            found = {each.arg: each.value for each in given if each.arg}
    return found


def _key(place: ast.expr) -> str:
    """The key that is written between brackets; empty where it is computed."""
    return place.value if isinstance(place, ast.Constant) and isinstance(place.value, str) else ""


def _divided(value: ast.expr) -> list[ast.expr]:
    """The parts of `root / "a" / "b"`, in order."""
    parts = []
    while isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        parts.append(value.right)
        value = value.left
    return [value, *reversed(parts)]
