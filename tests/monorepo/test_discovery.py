"""Projects in the folders that `packages` match."""

from __future__ import annotations

import pytest

from pylayer.config.manifest import read
from pylayer.monorepo.discovery import discover


def monorepo(tmp_path, *folders, **named):
    """Write a project into each folder, named after it; `named` are names of those in packages/."""
    for place, name in [
        *((folder, None) for folder in folders),
        *((f"packages/{folder}", named[folder]) for folder in named),
    ]:
        folder = tmp_path / place
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").write_text(f'[project]\nname = "{name or folder.name}"\nversion = "1"\n')
    return tmp_path


def found(root, *packages):
    """Discover with a manifest of these globs."""
    path = root / "layers.toml"
    path.write_text(f"packages = {list(packages)}")
    manifest, faults = read(path)
    assert faults == []
    return discover(manifest)


def folders(result):
    """Where projects are, by their names."""
    return {name: each.folder for name, each in result.definitions.items()}


def places(result):
    """What faults call these folders."""
    return {name: each.where for name, each in result.definitions.items()}


def told(result):
    """Give faults as (where, what) pairs."""
    return [(fault.where, fault.what) for fault in result.faults]


def test_a_glob_finds_projects(tmp_path):
    """Each by its own name, with its folder."""
    result = found(monorepo(tmp_path, "packages/b", a="Lib_A"), "packages/*")
    assert result.faults == ()
    assert folders(result) == {"lib-a": tmp_path / "packages/a", "b": tmp_path / "packages/b"}
    assert places(result) == {"lib-a": "packages/a", "b": "packages/b"}
    assert result.definitions["lib-a"].name == "lib-a"


def test_a_folder_can_be_named(tmp_path):
    """The repository's own one, too."""
    root = monorepo(tmp_path / "root", ".", "tools/x")
    assert folders(found(root, ".", "tools/x")) == {"root": root, "x": root / "tools/x"}


def test_globs_may_cross_folders_and_overlap(tmp_path):
    """What two of them find is one project."""
    result = found(monorepo(tmp_path, "libs/a", "libs/deep/b"), "libs/*/b", "libs/a", "libs/**/b")
    assert (sorted(folders(result)), result.faults) == (["a", "b"], ())


def test_projects_may_lie_beside_the_manifest(tmp_path):
    """A manifest in a folder of its own."""
    monorepo(tmp_path, "packages/a")
    (tmp_path / "infra").mkdir()
    result = found(tmp_path / "infra", "../packages/*")
    assert (folders(result), places(result)) == ({"a": tmp_path / "packages/a"}, {"a": "../packages/a"})


def test_files_and_hidden_folders_are_passed_over(tmp_path):
    """A glob is for what one sees."""
    monorepo(tmp_path, "packages/a", "packages/.hidden", "packages/__pycache__")
    (tmp_path / "packages/README.md").write_text("")
    assert list(folders(found(tmp_path, "packages/*"))) == ["a"]


def test_a_folder_that_only_tools_left_is_passed_over(tmp_path):
    """Another branch had a project there."""
    monorepo(tmp_path, "packages/a")
    (tmp_path / "packages/gone/__pycache__").mkdir(parents=True)
    (tmp_path / "packages/gone/gone.egg-info").mkdir()
    result = found(tmp_path, "packages/*")
    assert (list(folders(result)), result.faults) == (["a"], ())


def test_a_folder_can_be_taken_back(tmp_path):
    """With an exclamation mark."""
    monorepo(tmp_path, "packages/a", "packages/b")
    (tmp_path / "packages/docs").mkdir()
    (tmp_path / "packages/docs/index.md").write_text("")
    result = found(tmp_path, "packages/*", "!packages/docs", "!packages/b")
    assert (list(folders(result)), result.faults) == (["a"], ())


@pytest.mark.parametrize("glob", ["packages/*", "packages/nope", "nope/*", "../" * 50 + "nope*"])
def test_a_glob_that_matches_nothing_is_a_fault(tmp_path, glob):
    """It is misspelt, or the folder is gone."""
    (tmp_path / "packages").mkdir()
    assert told(found(tmp_path, glob)) == [("layers.toml: packages[0]", f'"{glob}" matches no folder')]


def test_a_folder_without_a_build_definition_is_a_fault(tmp_path):
    """With the way to leave it out."""
    monorepo(tmp_path, "packages/a")
    (tmp_path / "packages/docs").mkdir()
    (tmp_path / "packages/docs/index.md").write_text("")
    (fault,) = found(tmp_path, "packages/*").faults
    assert fault.where == "layers.toml: packages[0]"
    assert fault.what.startswith("packages/docs has no build definition")
    assert '"!packages/docs"' in fault.hint


def test_an_empty_folder_that_is_named_is_a_fault(tmp_path):
    """It was meant to be a project."""
    (tmp_path / "packages/a").mkdir(parents=True)
    assert len(found(tmp_path, "packages/a").faults) == 1


def test_two_projects_of_one_name_are_a_fault(tmp_path):
    """However they spell it; both places are told."""
    result = found(monorepo(tmp_path, a="My_Lib", b="my-lib"), "packages/*")
    assert told(result) == [("packages/b", 'is a second project named "my-lib": packages/a is the first')]
    assert folders(result) == {"my-lib": tmp_path / "packages/a"}


def test_a_broken_project_does_not_hide_the_next(tmp_path):
    """All faults, and all projects that are well."""
    monorepo(tmp_path, "packages/a", "packages/b", "packages/c")
    (tmp_path / "packages/a/pyproject.toml").write_text("[project")
    (tmp_path / "packages/c/pyproject.toml").write_text("[project]\nname = 1")
    result = found(tmp_path, "packages/*")
    assert [where for where, _ in told(result)] == [
        "packages/a/pyproject.toml: line 1, column 9",
        "packages/c/pyproject.toml: project.name",
    ]
    assert (list(folders(result)), result.broken) == (["b"], frozenset({"a", "c"}))


VIRTUAL = {
    "poetry": "[tool.poetry]\npackage-mode = false\n",
    "pdm": '[project]\nname = "fn"\nversion = "1"\n[tool.pdm]\ndistribution = false\n',
    "pdm-elder": '[project]\nname = "fn"\nversion = "1"\n[tool.pdm]\npackage-type = "application"\n',
    "rye": '[project]\nname = "fn"\nversion = "1"\n[tool.rye]\nvirtual = true\n',
    "uv": '[project]\nname = "fn"\nversion = "1"\n[tool.uv]\npackage = false\n',
    "uv-source": '[project]\nname = "fn"\nversion = "1"\n[tool.uv.sources]\na = { workspace = true }\n',
}


@pytest.mark.parametrize("kind", VIRTUAL)
def test_what_is_no_package_is_passed_over_by_a_glob(tmp_path, kind):
    """Said, and no error."""
    root = monorepo(tmp_path, a="a", fn="fn")
    (root / "packages/fn/pyproject.toml").write_text(VIRTUAL[kind])
    result = found(root, "packages/*")
    assert (list(folders(result)), result.faults) == (["a"], ())
    assert "packages/fn" in result.passed["fn"].what


@pytest.mark.parametrize("kind", VIRTUAL)
def test_what_is_no_package_cannot_be_named(tmp_path, kind):
    """Who names it wants it built."""
    root = monorepo(tmp_path, fn="fn")
    (root / "packages/fn/pyproject.toml").write_text(VIRTUAL[kind])
    [(_, what)] = told(found(root, "packages/fn"))
    assert "is no package" in what


def test_a_member_of_a_uv_workspace_needs_a_build_system(tmp_path):
    """Without one uv does not build it; outside of such a workspace pip does."""
    root = monorepo(tmp_path, "packages/deep/c", a="a", b="b")
    assert sorted(folders(found(root, "packages/*", "packages/*/c"))) == ["a", "b", "c"]
    workspace = '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/b"]\n'
    (root / "pyproject.toml").write_text(workspace)
    assert sorted(folders(found(root, "packages/*", "packages/*/c"))) == ["b", "c"]


def test_uv_can_be_told_that_it_is_a_package(tmp_path):
    """Then it builds it with setuptools, as pip does."""
    root = monorepo(tmp_path, a="a")
    with (root / "packages/a/pyproject.toml").open("a") as file:
        file.write("[tool.uv]\npackage = true\n")
    assert list(folders(found(root, "packages/*"))) == ["a"]


def test_a_byte_order_mark_is_passed_over(tmp_path):
    """Editors of Windows write it."""
    root = monorepo(tmp_path, a="a")
    path = root / "packages/a/pyproject.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert list(folders(found(root, "packages/*"))) == ["a"]


def test_two_stars_match_what_is_between_projects_too(tmp_path):
    """Which is no fault, and the root is a folder like any other."""
    root = monorepo(tmp_path, ".", "libs/deep/a", "b")
    (root / "b/src/b").mkdir(parents=True)
    result = found(root, "**")
    assert (sorted(places(result).values()), result.faults) == ([".", "b", "libs/deep/a"], ())


def test_a_name_that_no_file_system_takes_is_refused(tmp_path):
    """Before the backend fails to write such a wheel."""
    [(where, what)] = told(found(monorepo(tmp_path, a="a" * 250), "packages/*"))
    assert where == "packages/a/pyproject.toml: project.name"
    assert "longer than" in what
