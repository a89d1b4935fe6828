"""What poetry takes from outside of a project lies inside of it."""

from __future__ import annotations

import pytest
import tomli

from pylayer.monorepo import bricks
from pylayer.monorepo.trees import TreeEntry

POETRY = "poetry.core.masonry.api"
TEXT = """[tool.poetry]
readme = "../../components"
packages = [
  { include = "here" },
  { include = "acme/log", from = "../../components" },
  { from='../../components', include = "acme/pricing" },
  { include = "acme/jobs", from = "../../bases" },
]
"""


def laid(names, text, taken, **said):
    """The names of the tree with `text` as the project's definition, and what that then says."""
    entries = [TreeEntry(name="projects/x/pyproject.toml", source=text.encode())]
    entries += [TreeEntry(name=name, source=name.encode()) for name in names]
    found = {entry.name: entry for entry in bricks.laid(entries, taken, subdir="projects/x", **said)}
    definition = found.pop("projects/x/pyproject.toml")
    sources = {name: bytes(entry.source).decode() for name, entry in found.items()}
    return sources, bytes(definition.source).decode()


def test_places_are_listed_once_and_for_poetry_core_alone():
    """Of others nobody copies what they cannot reach."""
    content = tomli.loads(TEXT)
    assert ("../../components", "../../bases") == bricks.places(content, POETRY)
    assert () == bricks.places(content, "hatchling.build")
    assert () == bricks.places({}, POETRY)


def test_the_definition_names_the_copies():
    """And what is nobody's place stays as it is written."""
    names = [
        "components/acme/log/a.py",
        "components/acme/log/.env",
        "bases/acme/jobs/b.py",
        "projects/x/here.py",
    ]
    found, text = laid(names, TEXT, ("../../components", "../../bases"), ignored={"components/acme/log/.env"})

    assert {
        **{name: name for name in names},
        "projects/x/_bricks/0/acme/log/a.py": "components/acme/log/a.py",
        "projects/x/_bricks/1/acme/jobs/b.py": "bases/acme/jobs/b.py",
    } == found
    assert tomli.loads(
        TEXT.replace('from = "../../bases"', 'from = "_bricks/1"')
        .replace('from = "../../components"', 'from = "_bricks/0"')
        .replace("from='../../components'", 'from = "_bricks/0"')
    ) == tomli.loads(text)


def test_a_place_above_the_project_does_not_bring_that_along():
    """Its own files are there already."""
    text = '[tool.poetry]\npackages = [{ include = "acme", from = "../.." }]\n'
    found, _ = laid(["acme/a.py", "projects/x/b.py"], text, ("../..",))
    assert {"acme/a.py", "projects/x/b.py", "projects/x/_bricks/0/acme/a.py"} == found.keys()


@pytest.mark.parametrize("names", [[], ["projects/x/here.py"]])
def test_where_nothing_is_there_the_backend_says_so_of_what_is_written(names):
    """Not of a folder that nobody has."""
    assert TEXT == laid(names, TEXT, ("../../components", "../../bases"))[1]
