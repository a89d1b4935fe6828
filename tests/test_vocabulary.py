"""The project's own words: one for one thing."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import pylayer

PACKAGE = Path(pylayer.__file__).parent


def test_no_class_name_stands_twice():
    """A reader who has met a class knows it wherever its name comes again."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in re.findall(r"^\s*class (\w+)[(:\[]", path.read_text(encoding="utf-8"), re.MULTILINE):
            found[name].append(str(path.relative_to(PACKAGE)))
    assert "Store" in found
    assert {} == {name: paths for name, paths in found.items() if len(paths) > 1}


def test_what_a_folder_says_it_has_is_there():
    """A class that is renamed is renamed in `__all__` too."""
    listed = [path for path in PACKAGE.rglob("*.py") if "\n__all__ = " in path.read_text(encoding="utf-8")]
    names = {path.relative_to(PACKAGE.parent).with_suffix("").parts for path in listed}
    modules = [import_module(".".join(parts).removesuffix(".__init__")) for parts in sorted(names)]

    assert [] == [name for module in modules for name in module.__all__ if not hasattr(module, name)]
    assert "pylayer.checks" in {module.__name__ for module in modules}
