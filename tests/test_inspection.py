"""What checks found holds for as long as the files that decide it."""

import grimp

from pylayer import keys
from pylayer.checking.inspection import DECISIVE

# They carry and keep what checks find, and decide none of it.
CARRIERS = {
    "pylayer.dataclassing",
    "pylayer.errors",
    "pylayer.store",
    "pylayer.store.kinds",
    "pylayer.store.shapes",
}


def test_all_that_checks_are_made_of_decides_them():
    """A module that a check comes to import has to be listed, or what it decides would be kept for ever."""
    graph = grimp.build_graph("pylayer", exclude_type_checking_imports=True)
    used = graph.find_upstream_modules("pylayer.checks", as_package=True) - CARRIERS
    listed = [f"pylayer.{name.removesuffix('.py').replace('/', '.')}" for name in DECISIVE]

    assert {
        module for module in used if not any(f"{module}.".startswith(f"{prefix}.") for prefix in listed)
    } == set()


def test_the_tables_of_checks_are_among_it(tmp_path, monkeypatch):
    """So are changes of a file: another digest for another byte, for another name, and for no cache."""
    folder = tmp_path / "checks"
    folder.mkdir()
    (folder / "a.toml").write_text("a = 1")
    monkeypatch.setattr(keys, "__file__", str(tmp_path / "keys.py"))

    def digest():
        keys.source.cache_clear()
        return keys.source("checks")

    found = [digest()]
    (folder / "__pycache__").mkdir()
    (folder / "note.txt").touch()
    found.append(digest())
    (folder / "a.toml").write_text("a = 2")
    found.append(digest())
    (folder / "a.toml").rename(folder / "b.toml")
    found.append(digest())
    keys.source.cache_clear()

    assert (found[0] == found[1], len(set(found))) == (True, 3)
