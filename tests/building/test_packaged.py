"""Which files of a tree are in a wheel, and which could be."""

import hashlib
import zipfile

import pytest

from pylayer import wheels
from pylayer.building.packaged import bulk, leavings, may_be_packaged
from pylayer.monorepo.trees import TreeEntry

TREE = {
    "pyproject.toml": "[project]",
    "README.md": "It is.",
    "src/liba/__init__.py": "A = 1",
    "src/liba/data/x.json": "{}",
    "tests/test_a.py": "T = 1",
}


def contents(*left: str, tree: dict[str, str] = TREE) -> dict[str, str]:
    texts = tree | dict.fromkeys(left, "left")
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


@pytest.fixture
def wheel(tmp_path):
    """A wheel of some files of the tree, by the names that they have in it."""

    def make(**members: str):
        path = tmp_path / "liba-1-py3-none-any.whl"
        info = "liba-1.dist-info"
        with zipfile.ZipFile(path, "w") as archive:
            for source in members.values():
                archive.writestr(source.removeprefix("src/"), TREE.get(source, "left"))
            archive.writestr(f"{info}/licenses/README.md", TREE["README.md"])
            archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: liba\nVersion: 1\n")
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        canonical = tmp_path / "canonical.whl"
        wheels.canonicalise(path, canonical)
        return canonical

    return make


@pytest.mark.parametrize(
    ("left", "may"),
    [
        (".idea/workspace.xml", False),
        (".coverage", False),
        ("tests/.coverage", False),
        ("tests/.pytest_cache/x", False),
        ("src/liba/.coverage", True),
        ("src/liba/data/deep/.idea/x", True),
        ("src/.DS_Store", True),
    ],
)
def test_a_leaving_may_be_packaged_where_something_is(wheel, left, may):
    """Not beside a package, nor where nothing was taken from."""
    made = wheel(a="src/liba/__init__.py", b="src/liba/data/x.json")
    assert may_be_packaged([left], made, contents(left), subdir=".") is may


def test_all_of_a_project_may_be_packaged_where_its_definition_is(wheel):
    """A backend that takes pyproject.toml takes whatever is beside it."""
    made = wheel(a="pyproject.toml", b="src/liba/__init__.py")
    assert may_be_packaged([".coverage"], made, contents(".coverage"), subdir=".")


def test_what_is_packaged_may_be(wheel):
    """Wherever it came from."""
    made = wheel(a="src/liba/__init__.py", b=".idea/x")
    assert may_be_packaged([".idea/x"], made, contents(".idea/x"), subdir=".")


def test_a_project_in_a_larger_tree_is_looked_at_alone(wheel):
    """Its own folder is not one that something was taken from below."""
    tree = {f"packages/liba/{name}": text for name, text in TREE.items()}
    made = wheel(a="src/liba/__init__.py")
    for left, may in (("packages/liba/.coverage", False), ("packages/liba/src/liba/.coverage", True)):
        assert may_be_packaged([left], made, contents(left, tree=tree), subdir="packages/liba") is may


def test_what_a_definition_names_is_no_leaving():
    """Who writes `.vscode` into pyproject.toml wants it."""
    names = (".vscode/a.json", "src/liba/.idea/b.xml", "src/liba/c.py")
    entries = [TreeEntry(name=name, source=b"") for name in names]
    assert leavings(entries, ".") == {".vscode/a.json", "src/liba/.idea/b.xml"}
    named = TreeEntry(name="pyproject.toml", source=b'force-include = { ".vscode" = "x" }')
    assert leavings([*entries, named], ".") == {"src/liba/.idea/b.xml"}


def test_a_heap_that_takes_time_to_copy_is_named():
    """With its folder, as `ignore` would name it."""
    names = [f"p/web/node_modules/x/{number}.js" for number in range(1500)]
    assert bulk([*names, "p/.coverage"], "p") == "1500 files of web/node_modules"
    assert bulk(names[:20], "p") == ""
    assert bulk([], ".") == ""
