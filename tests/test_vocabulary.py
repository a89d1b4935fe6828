"""The project's own words: one for one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pylayer

PACKAGE = Path(pylayer.__file__).parent


def test_no_class_name_stands_twice():
    """A reader who has met a class knows it wherever its name comes again."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(str(path.relative_to(PACKAGE)))
    assert {} == {name: paths for name, paths in found.items() if len(paths) > 1}
