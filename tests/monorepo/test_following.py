"""Packages that others take from a path or the workspace are found, and nothing that nobody needs."""

from __future__ import annotations

import pytest

from pylayer.errors import ManifestError
from pylayer.monorepo import workspace

BUILT = '[build-system]\nrequires = []\nbuild-backend = "flit_core.buildapi"\n'
LAYERS = 'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.13"]\n'


def member(root, folder, name, *requires, more=""):
    """Write a package."""
    path = root / folder / "pyproject.toml"
    path.parent.mkdir(parents=True)
    path.write_text(
        f'{BUILT}[project]\nname = "{name}"\nversion = "1"\ndependencies = {list(requires)}\n{more}'
    )


def load(root, layers=LAYERS):
    """Load the workspace."""
    (root / "layers.toml").write_text(layers)
    return workspace.load(root / "layers.toml")


def test_what_is_required_is_followed_on_and_on(tmp_path):
    """What only a group for development has is not, nor is what goes by another name."""
    member(
        tmp_path,
        "packages/a",
        "a",
        "b",
        "wrong",
        more='[tool.uv.sources]\nb = { path = "../../third/b" }\nunused = { path = "../../third/unused" }\n'
        'wrong = { path = "../../third/unused" }\n',
    )
    member(tmp_path, "third/b", "b", "c>=1", more='[tool.uv.sources]\nc = { path = "../c" }\n')
    member(tmp_path, "third/c", "c")
    member(tmp_path, "third/unused", "unused")
    found = load(tmp_path)

    assert (["a", "b", "c"], ["a"]) == (sorted(found.projects), [layer.name for layer in found.layers])


def test_a_marker_that_no_target_meets_is_passed_over(tmp_path):
    """On Lambda it says nothing."""
    more = "[tool.uv.sources]\nb = { path = '../../b', marker = \"sys_platform == 'win32'\" }\n"
    member(tmp_path, "packages/a", "a", "b", more=more)
    member(tmp_path, "b", "b")

    assert ["a"] == sorted(load(tmp_path).projects)


@pytest.mark.parametrize("excluded", [False, True])
def test_members_of_the_workspace_are_followed(tmp_path, excluded):
    """Those that it excludes are not."""
    exclude = 'exclude = ["libs/b"]\n' if excluded else ""
    (tmp_path / "pyproject.toml").write_text(f'[tool.uv.workspace]\nmembers = ["libs/*"]\n{exclude}')
    member(tmp_path, "packages/a", "a", "b", more="[tool.uv.sources]\nb = { workspace = true }\n")
    member(tmp_path, "libs/b", "b")

    assert (["a"] if excluded else ["a", "b"]) == sorted(load(tmp_path).projects)


@pytest.mark.parametrize("tool", ["pdm", "rye"])
def test_members_of_a_workspace_of_pdm_s_or_rye_s_are_followed(tmp_path, tool):
    """Nobody has to say so: they install all members together. Its lock file holds for them, too."""
    top = tmp_path / "python"
    member(top, "packages/a", "a", "b")
    member(top, "libs/b", "b")
    member(top, "libs/c", "c")
    (top / "pyproject.toml").write_text(f'[tool.{tool}.workspace]\nmembers = ["packages/*", "libs/*"]\n')
    found = load(tmp_path, LAYERS.replace("packages/*", "python/packages/*"))

    assert {"a": top, "b": top} == {name: project.workspace for name, project in found.projects.items()}


@pytest.mark.parametrize("stated", ["packages/a", "."])
def test_a_workspace_may_be_in_a_folder_of_its_own(tmp_path, stated):
    """Beside others: its members are meant, whether it or a member says so; layers.toml is further up."""
    top, source = tmp_path / "python", "[tool.uv.sources]\nb = { workspace = true }\n"
    member(top, "packages/a", "a", "b", more=source if stated != "." else "")
    member(top, "libs/b", "b")
    member(tmp_path, "libs/b", "b", more='[tool.other]\nnot = "this one"\n')
    (top / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["packages/*", "libs/*"]\n' + (source if stated == "." else "")
    )
    found = load(tmp_path, LAYERS.replace("packages/*", "python/packages/*"))

    assert {"a": top / "packages/a", "b": top / "libs/b"} == {
        name: project.path for name, project in found.projects.items()
    }
    assert {top} == {project.workspace for project in found.projects.values()}


def test_the_uv_toml_of_a_workspace_stands_for_its_table(tmp_path):
    """But for what only a pyproject.toml can say."""
    top = tmp_path / "python"
    member(top, "packages/a", "a")
    (top / "pyproject.toml").write_text(
        "[tool.uv]\nbuild-constraint-dependencies = ['old']\n[tool.uv.workspace]\nmembers = ['packages/*']\n"
    )
    (top / "uv.toml").write_text(
        "build-constraint-dependencies = ['new']\n[[index]]\nname = 'corp'\nurl = 'https://corp.example'\n"
    )
    found = load(tmp_path, LAYERS.replace("packages/*", "python/packages/*"))

    assert ("new",) == found.build_constraints
    assert ["corp"] == [each.name for table in found.tables for each in table.indexes]


def test_what_a_layer_requires_and_poetry_s_dependencies_are_followed(tmp_path):
    """Both are asked of an index otherwise."""
    (tmp_path / "pyproject.toml").write_text('[tool.uv.sources]\nb = { path = "b" }\n')
    member(tmp_path, "b", "b")
    path = tmp_path / "packages" / "a" / "pyproject.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[tool.poetry]\nname = "a"\n[tool.poetry.dependencies]\nc = { path = "../../c" }\n')
    member(tmp_path, "c", "c")
    found = load(tmp_path, LAYERS + '[layers.own]\nrequirements = ["b"]\n')

    assert ["a", "b", "c"] == sorted(found.projects)


@pytest.mark.parametrize("table", ["", '[project]\nname = "a"\nversion = "1"\ndynamic = ["dependencies"]\n'])
def test_all_is_followed_of_a_package_whose_requirements_its_backend_knows(tmp_path, table):
    """As in a setup.py."""
    folder = tmp_path / "packages" / "a"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(f'{table}[tool.uv.sources]\nb = {{ path = "../../b" }}\n')
    (folder / "setup.py").write_text(
        'from setuptools import setup\nsetup(name="a", install_requires=["b"])\n'
    )
    member(tmp_path, "b", "b")

    assert ["a", "b"] == sorted(load(tmp_path).projects)


def test_a_path_to_another_folder_than_the_package_s_is_refused(tmp_path):
    """Whose it is could not be told."""
    member(tmp_path, "packages/a", "a", "b", more='[tool.uv.sources]\nb = { path = "../../other/b" }\n')
    member(tmp_path, "packages/b", "b")
    member(tmp_path, "other/b", "b")
    with pytest.raises(ManifestError) as caught:
        load(tmp_path)

    assert "packages/a/pyproject.toml" == caught.value.faults[0].where
    assert "takes b from the path" in caught.value.faults[0].what
