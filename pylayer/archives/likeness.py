"""Python files that differ → whether they come to the same, as those by which wheels share a namespace.

Before PEP 420, every distribution of a namespace had an `__init__.py` that declares it, the same in all of
them; in fact, comments differ, and how it is written.
"""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGEST = 1 << 20  # bytes of a file that is looked into
_NOTHING, _NAMESPACE = "nothing", "namespace"
_MODULES = frozenset({"pkgutil", "pkg_resources"})
_DECLARING = frozenset(
    {
        "__path__ = extend_path(__path__, __name__)",
        "__path__ = pkgutil.extend_path(__path__, __name__)",
        "__path__ = __import__('pkgutil').extend_path(__path__, __name__)",
        "declare_namespace(__name__)",
        "pkg_resources.declare_namespace(__name__)",
        "__import__('pkg_resources').declare_namespace(__name__)",
    }
)


def alike(path: str, contents: Sequence[bytes]) -> int | None:
    """Which of several files at one path stands for all; None where they are not known to be alike.

    They are where only comments differ; or where each declares a namespace, or has nothing in it.
    """
    if not path.endswith(".py"):
        return None
    does = [_does(content) for content in contents]
    if None in does:
        return None
    if len({*does}) > 1 and not {*does} <= {_NOTHING, _NAMESPACE}:
        return None
    return does.index(_NAMESPACE) if _NAMESPACE in does else 0


def declares_namespace(content: bytes) -> bool:
    """Whether an `__init__.py` says that its package is in other folders too, and nothing else."""
    return _does(content) == _NAMESPACE


def _does(content: bytes) -> str | None:
    """What a module does, in words that are equal where that is; None for what is no Python of this one."""
    if len(content) > _LARGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = ast.parse(content)
        own = [statement for statement in module.body if not _is_docstring(statement)]
        if not own:
            return _NOTHING
        return _NAMESPACE if all(map(_declares, own)) else ast.dump(module)
    # Of nesting without end, one version of Python says that, and another this.
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _declares(statement: ast.stmt) -> bool:
    """Whether a statement does nothing but declare a namespace, or import what that takes."""
    match statement:
        case ast.Import(names=names):
            return _MODULES.issuperset(each.name for each in names)
        case ast.ImportFrom(module=module, level=0):
            return module in _MODULES
        case ast.Try(body=body, handlers=handlers, orelse=[], finalbody=[]):
            inner = [*body, *(each for handler in handlers for each in handler.body)]
            return all(isinstance(each, ast.Pass) or _declares(each) for each in inner)
    return ast.unparse(statement) in _DECLARING
