"""A manifest and its projects, together."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import date

import pytest

from pylayer.errors import ManifestError, UsageError
from pylayer.monorepo.trees import digest
from pylayer.monorepo.workspace import load, select, tree

HEAD = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64", "arm64"]
"""


def monorepo(root, text="", /, **projects):
    """Write a repository: layers.toml with `text` at its end, projects with what they need to be built."""
    for name, requires in (projects or {"liba": [], "libb": []}).items():
        folder = root / "packages" / name
        folder.mkdir(parents=True)
        (folder / "pyproject.toml").write_text(
            f'[build-system]\nrequires = {requires}\nbuild-backend = "x"\n'
            f'[project]\nname = "{name}"\nversion = "1"\n',
        )
        (folder / f"{name}.py").write_text("x = 1\n")
    (root / "layers.toml").write_text(HEAD + text)
    return root / "layers.toml"


def faults(path):
    """Give all that is wrong as (where, what) pairs."""
    with pytest.raises(ManifestError) as caught:
        load(path)
    return [(fault.where, fault.what) for fault in caught.value.faults]


def names(project):
    """List the names in a project's tree."""
    return [entry.name for entry in tree(project).entries]


def look(path, name):
    """Give the digest of a project's tree."""
    return digest(tree(load(path).projects[name]).entries)


def test_every_project_is_a_layer(tmp_path):
    """Of its own name, with the defaults."""
    workspace = load(monorepo(tmp_path))
    assert [(layer.name, layer.projects) for layer in workspace.layers] == [
        ("liba", ("liba",)),
        ("libb", ("libb",)),
    ]
    assert [build.id for build in workspace.builds] == [
        "liba-python3.13-arm64",
        "liba-python3.13-x86_64",
        "libb-python3.13-arm64",
        "libb-python3.13-x86_64",
    ]


def test_a_declared_layer_takes_the_place_of_the_discovered_one(tmp_path):
    """In whatever spelling; others stay."""
    path = monorepo(tmp_path, '[layers.LibA]\ndescription = "mine"\n[layers.data]\npackages = ["libb"]')
    assert [(layer.name, layer.description) for layer in load(path).layers] == [
        ("LibA", "mine"),
        ("data", ""),
        ("libb", ""),
    ]


def test_listed_layers_are_all_there_is(tmp_path):
    """Other projects are there to be depended on."""
    path = monorepo(tmp_path, '[layers.data]\npackages = ["libb"]')
    path.write_text(f'discover = "listed"\n{path.read_text()}')
    workspace = load(path)
    assert [layer.name for layer in workspace.layers] == ["data"]
    assert sorted(workspace.projects) == ["liba", "libb"]


def test_a_project_is_what_its_folder_says(tmp_path):
    """With the manifest's options for it."""
    path = monorepo(tmp_path, '[projects.liba]\nenv = { A = "1" }', liba=["hatchling"])
    project = load(path).projects["liba"]
    assert (project.name, project.path) == ("liba", tmp_path / "packages/liba")
    assert (project.requires, project.backend, project.python_independent) == (("hatchling",), "x", False)
    assert project.options.env == (("A", "1"),)


def test_warnings_do_not_stop_anything(tmp_path):
    """They are the manifest's."""
    path = monorepo(tmp_path)
    assert load(path, today=date(2026, 1, 1)).manifest.warnings == ()
    assert len(load(path, today=date(2040, 1, 1)).manifest.warnings) == 1


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (
            '[layers.data]\npackages = ["liba", "libc"]',
            "layers.toml: layers.data.packages[1]",
            'there is no project "libc"',
        ),
        (
            "[layers.lib_c]",
            "layers.toml: layers.lib_c",
            'there is no project "lib-c", and neither `packages` nor `requirements` says what it holds',
        ),
        ("[projects.libc]", "layers.toml: projects.libc", 'there is no project "libc"'),
        (
            '[sets.etl]\nlayers = ["liba", "libc"]',
            "layers.toml: sets.etl.layers[1]",
            'there is no layer "libc"',
        ),
        (
            '[projects.liba]\ninputs = ["../nope/*"]',
            "layers.toml: projects.liba.inputs[0]",
            '"../nope/*" matches nothing',
        ),
    ],
)
def test_what_the_manifest_asks_for_must_be_there(tmp_path, text, where, what):
    """With the place that asks."""
    assert faults(monorepo(tmp_path, text)) == [(where, what)]


def test_a_missing_project_gets_a_suggestion(tmp_path):
    """The closest of those that are there."""
    with pytest.raises(ManifestError) as caught:
        load(monorepo(tmp_path, '[layers.data]\npackages = ["lib-a"]'))
    assert caught.value.faults[0].hint == 'did you mean "liba"?'


def test_a_circle_of_build_requirements_is_refused(tmp_path):
    """None could be built first."""
    assert faults(monorepo(tmp_path, liba=["libb"], libb=["liba"])) == [
        (
            "packages/liba/pyproject.toml: build-system.requires",
            "build requirements go in a circle: liba needs libb needs liba",
        ),
    ]


def test_inputs_stay_in_the_repository(tmp_path):
    """Further up, the path of a build would depend on where the repository lies."""
    (tmp_path / "elsewhere").mkdir()
    path = monorepo(tmp_path / "repository", '[projects.liba]\ninputs = ["../../../elsewhere/*"]')
    ((where, what),) = faults(path)
    assert where == "layers.toml: projects.liba.inputs[0]"
    assert what == f'"../../../elsewhere/*" points outside the repository ({path.parent})'


def test_projects_without_runtimes_are_named(tmp_path):
    """Discovered ones have none of their own."""
    path = monorepo(tmp_path)
    path.write_text('packages = ["packages/*"]')
    assert faults(path) == [
        (
            "layers.toml: defaults",
            "gives no runtimes, but these layers have none of their own: liba, libb",
        ),
    ]


def test_a_manifest_that_describes_nothing_is_refused(tmp_path):
    """It is not finished."""
    (tmp_path / "layers.toml").write_text("")
    assert faults(tmp_path / "layers.toml") == [("layers.toml", "describes no layers")]


def test_faults_of_the_manifest_and_of_projects_come_out_at_once(tmp_path):
    """A broken project is not said to be missing as well."""
    path = monorepo(tmp_path, '[layers.data]\npackages = ["liba"]\n[projects.libx]\n[projects.liba]\nnet = 1')
    (tmp_path / "packages/liba/pyproject.toml").write_text("[project]\nname = 1")
    assert [where for where, _ in faults(path)] == [
        "layers.toml: projects.liba.net",
        "packages/liba/pyproject.toml: project.name",
        "layers.toml: projects.libx",
    ]


def test_a_tree_is_the_project(tmp_path):
    """Without inputs, nothing is around it."""
    found = tree(load(monorepo(tmp_path)).projects["liba"])
    assert [entry.name for entry in found.entries] == ["liba.py", "pyproject.toml"]
    assert found.subdir == "."


def test_a_tree_with_inputs_has_the_repositorys_layout(tmp_path):
    """`../../schemas/a.json` leads to the same file."""
    path = monorepo(tmp_path, '[projects.liba]\ninputs = ["../../schemas/*.json"]\nignore = ["*.md"]')
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/a.json").write_text("{}")
    (tmp_path / "packages/liba/notes.md").write_text("")
    found = tree(load(path).projects["liba"])
    assert [entry.name for entry in found.entries] == [
        "packages/liba/liba.py",
        "packages/liba/pyproject.toml",
        "schemas/a.json",
    ]
    assert found.subdir == "packages/liba"


def test_an_input_within_the_project_brings_back_what_is_left_out(tmp_path):
    """A generated file in `build`, say."""
    path = monorepo(tmp_path, '[projects.liba]\ninputs = ["build/generated.py"]')
    (tmp_path / "packages/liba/build").mkdir()
    (tmp_path / "packages/liba/build/generated.py").write_text("")
    assert names(load(path).projects["liba"]) == ["build/generated.py", "liba.py", "pyproject.toml"]


def test_setuptools_scm_is_told_that_all_files_are_sources(tmp_path):
    """Without .git it would list none, and package data would be lost; a file of that name gives way."""
    path = monorepo(tmp_path, liba=["setuptools>=80", "setuptools_scm[simple]>=8"], libb=["setuptools"])
    (tmp_path / "packages/liba/.git_archival.txt").write_text("node: $Format:%H$\n")
    projects = load(path).projects
    assert names(projects["liba"]) == [".git_archival.txt", "liba.py", "pyproject.toml"]
    assert tree(projects["liba"]).entries[0].source == b"node: 0000000000000000000000000000000000000000\n"
    assert names(projects["libb"]) == ["libb.py", "pyproject.toml"]


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ("Metadata-Version: 2.4\nName: liba\nVersion: 1.5\n\nVersion: 2\n", b"1.5"),
        ("Name: liba\n", None),
        ("", None),
    ],
)
def test_an_unpacked_sdist_keeps_its_version(tmp_path, info, version):
    """Of which setuptools-scm finds no tag, and would say that it is 0.0."""
    path = monorepo(tmp_path, liba=["setuptools>=80", "setuptools_scm>=8"])
    (tmp_path / "packages/liba/PKG-INFO").write_text(info)
    told = b"describe-name: %s\n" % version if version else b""
    assert tree(load(path).projects["liba"]).entries[0].source == b"node: " + b"0" * 40 + b"\n" + told


def test_what_pylayer_writes_is_no_source(tmp_path):
    """A project at the root would otherwise change with each build of it."""
    path = tmp_path / "layers.toml"
    path.write_text('packages = ["."]\noutput = "out[1]/layers"\n[defaults]\nruntimes = ["python3.13"]')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "root"\nversion = "1"\n')
    before = look(path, "root")
    (tmp_path / "out[1]/layers").mkdir(parents=True)
    (tmp_path / "out[1]/layers/layers.json").write_text("{}")
    (tmp_path / "layers.lock").write_text("")
    assert look(path, "root") == before


def test_an_input_counts_and_its_neighbours_do_not(tmp_path):
    """What a build can see is in the digest, nothing else."""
    path = monorepo(tmp_path, '[projects.liba]\ninputs = ["../../schemas/*.json"]')
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/a.json").write_text("{}")
    before = look(path, "liba")
    (tmp_path / "schemas/readme.md").write_text("")
    (tmp_path / "packages/libb/libb.py").write_text("x = 2\n")
    assert look(path, "liba") == before
    (tmp_path / "schemas/a.json").write_text("{ }")
    assert look(path, "liba") != before


def test_another_place_gives_the_same_tree(tmp_path):
    """With inputs, too: no name of a folder above the repository is in it."""
    path = monorepo(tmp_path / "one", '[projects.liba]\ninputs = ["../../layers.toml"]')
    shutil.copytree(tmp_path / "one", tmp_path / "another/place")
    moved = tmp_path / "another/place/layers.toml"
    assert names(load(moved).projects["liba"]) == names(load(path).projects["liba"])
    assert look(moved, "liba") == look(path, "liba")


def ids(path, only, **options):
    """List the identifiers that a selection gives."""
    return [build.id for build in select(load(path).builds, only, **options)]


def test_nothing_asked_for_is_everything(tmp_path):
    """In the order of identifiers."""
    assert len(ids(monorepo(tmp_path), [])) == 4


def test_globs_choose_builds(tmp_path):
    """Any of several is enough; nothing is there twice."""
    found = ids(monorepo(tmp_path), ["liba-*", "*-arm64"])
    assert found == ["liba-python3.13-arm64", "liba-python3.13-x86_64", "libb-python3.13-arm64"]


def test_globs_choose_layers(tmp_path):
    """Of which builds can be chosen."""
    assert ids(monorepo(tmp_path), ["*-arm64"], layers=["lib?", "liba"]) == [
        "liba-python3.13-arm64",
        "libb-python3.13-arm64",
    ]


def test_a_glob_that_matches_nothing_is_an_error_with_the_closest(tmp_path):
    """Each of them is told."""
    with pytest.raises(UsageError) as caught:
        ids(monorepo(tmp_path), ["liba-python3.12-arm64", "liba-*"], layers=["libc"])
    assert [(fault.what, fault.hint) for fault in caught.value.faults] == [
        ('no layer or build matches "liba-python3.12-arm64"', 'did you mean "liba-python3.13-arm64"?'),
        ('no layer or build matches "libc"', 'did you mean "libb"?'),
    ]


def test_what_is_in_one_choice_and_not_in_the_other_is_an_error(tmp_path):
    """Rather than a run of nothing that went well."""
    with pytest.raises(UsageError, match="no build is in both liba and libb-") as caught:
        ids(monorepo(tmp_path), ["libb-*"], layers=["liba"])
    assert ["--only"] == [fault.where for fault in caught.value.faults]


def test_a_load_imports_nothing_heavy(tmp_path):
    """A run without changes begins with it."""
    path = monorepo(tmp_path, '[layers.data]\nrequirements = ["numpy>=2"]')
    code = (
        "import sys; before = set(sys.modules);"  # measured for coverage, a Python begins with some
        "import pathlib; from pylayer.monorepo.workspace import load, tree;"
        f"[tree(project) for project in load(pathlib.Path({str(path)!r})).projects.values()];"
        "print([name for name in sys.argv[1:] if name in {*sys.modules} - before])"
    )
    heavy = [
        "packaging",
        "configparser",
        "difflib",
        "graphlib",
        "docker",
        "requests",
        "boto3",
        "asyncio",
        "subprocess",
    ]
    ran = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_a_build_sees_its_definition_without_a_byte_order_mark(tmp_path):
    """Backends read it by tomllib, which takes none."""
    path = monorepo(tmp_path, a=[])
    file = tmp_path / "packages/a/pyproject.toml"
    content = file.read_bytes()
    file.write_bytes(b"\xef\xbb\xbf" + content)
    [entry] = [one for one in tree(load(path).projects["a"]).entries if one.name == "pyproject.toml"]
    assert entry.source == content


def test_inputs_may_be_anywhere_in_the_repository(tmp_path):
    """Wherever in it layers.toml is."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/a.json").write_text("{}")
    (tmp_path / "python").mkdir()
    path = monorepo(tmp_path / "python", '[projects.liba]\ninputs = ["../../../schemas/*.json"]\n')
    assert "schemas/a.json" in names(load(path).projects["liba"])


def test_what_a_configuration_names_outside_is_in_the_tree(tmp_path):
    """Polylith's bricks, say; nothing else of the repository is."""
    path = monorepo(tmp_path, a=[])
    (tmp_path / "brick.py").write_text("")
    with (tmp_path / "packages/a/pyproject.toml").open("a") as file:
        file.write('[tool.hatch.build.targets.wheel.force-include]\n"../../brick.py" = "brick.py"\n')
    found = tree(load(path).projects["a"])
    assert found.subdir == "packages/a"
    assert "brick.py" in [entry.name for entry in found.entries]


def test_a_requirement_on_what_is_no_package_is_refused(tmp_path):
    """An index might have something of that name."""
    path = monorepo(tmp_path, a=[], fn=[])
    (tmp_path / "packages/fn/pyproject.toml").write_text(
        '[project]\nname = "fn"\n[tool.uv]\npackage = false\n'
    )
    (tmp_path / "packages/a/pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\ndependencies = ["fn"]\n'
    )
    with pytest.raises(ManifestError, match="is no package"):
        load(path)
