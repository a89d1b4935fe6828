"""What a project says of itself."""

from __future__ import annotations

import pytest

from pylayer.monorepo.projectfile import LEGACY_BACKEND, read

BUILD = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
PROJECT = '[project]\nname = "My_Lib"\nversion = "1"\n'


def project(tmp_path, **files):
    """Write a project's files; `__` in a name is its dot."""
    for name, text in files.items():
        (tmp_path / name.replace("__", ".")).write_text(text)
    return tmp_path


def definition(tmp_path, **files):
    """Read a project without faults."""
    found, faults = read(project(tmp_path, **files), where="packages/lib")
    assert faults == []
    return found


def faults(tmp_path, **files):
    """Give the faults of a project as (where, what) pairs."""
    found, listed = read(project(tmp_path, **files), where="packages/lib")
    assert found is None
    return [(fault.where, fault.what) for fault in listed]


def test_a_modern_project_says_it_all(tmp_path):
    """PEP 517, 518 and 621."""
    text = BUILD + PROJECT + 'dependencies = ["numpy>=2"]\n'
    found = definition(tmp_path, pyproject__toml=text)
    assert (found.name, found.requires, found.backend) == ("my-lib", ("hatchling",), "hatchling.build")
    assert (found.backend_path, found.python_independent, found.vcs) == ((), True, None)
    assert found.dependencies == ("numpy>=2",)


def test_an_in_tree_backend_has_its_path(tmp_path):
    """PEP 517's backend-path; such a build is not static."""
    text = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["_build"]\n' + PROJECT
    found = definition(tmp_path, pyproject__toml=text)
    assert (found.backend, found.backend_path, found.python_independent) == ("own", ("_build",), False)


@pytest.mark.parametrize(
    "files",
    [
        {"setup__py": "from setuptools import setup\nsetup(name='My_Lib')"},
        {"setup__cfg": "[metadata]\nname = My_Lib\n"},
        {"setup__cfg": "[metadata]\nname = My_Lib\n", "setup__py": "import setuptools; setuptools.setup()"},
        {"setup__py": "setup(name='My_Lib')", "setup__cfg": "[metadata]\nname = other\n"},
        {"setup__py": "setup(name='My_Lib')", "pyproject__toml": "[tool.ruff]\n"},
        {"pyproject__toml": PROJECT},
        {
            "setup__py": "about = {}\nexec(open('about.py').read(), about)\nsetup(name=about['__title__'])",
            "about__py": "__title__ = 'My_Lib'\n",
        },
    ],
    ids=[
        *("setup.py", "setup.cfg", "both", "both with a name", "pyproject of tools", "no build-system"),
        "a file that setup.py executes",
    ],
)
def test_a_project_without_a_backend_is_built_the_old_way(tmp_path, files):
    """PEP 517 and 518 say how."""
    found = definition(tmp_path, **files)
    assert (found.name, found.requires, found.backend) == ("my-lib", ("setuptools>=40.8.0",), LEGACY_BACKEND)


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        ('["setuptools>=61", "wheel"]', ("setuptools>=61", "wheel")),
        ('["cython"]', ("cython", "setuptools>=40.8.0")),
    ],
)
def test_requirements_without_a_backend_are_kept(tmp_path, requires, expected):
    """And completed, as pip does."""
    found = definition(tmp_path, pyproject__toml=f"[build-system]\nrequires = {requires}\n{PROJECT}")
    assert (found.requires, found.backend) == (expected, LEGACY_BACKEND)


def test_a_poetry_project_has_its_name_elsewhere(tmp_path):
    """Classic metadata are known too."""
    text = '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
    found = definition(tmp_path, pyproject__toml=text + '[tool.poetry]\nname = "My.Lib"\nversion = "1"\n')
    assert (found.name, found.python_independent) == ("my-lib", True)


def test_a_version_from_version_control_is_noticed(tmp_path):
    """In setup.py as well."""
    text = "from setuptools import setup\nsetup(name='a', use_scm_version=True)"
    assert definition(tmp_path, setup__py=text).vcs == "setuptools-scm"


def test_hatch_toml_is_read(tmp_path):
    """Hooks may stand there."""
    found = definition(tmp_path, pyproject__toml=BUILD + PROJECT, hatch__toml="[build.hooks.custom]\n")
    assert not found.python_independent


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg", "setup.py", "hatch.toml"])
@pytest.mark.parametrize("leads", ["../../secret", "../.git/config"])
def test_a_file_that_is_another_one_of_this_machine_is_not_read(tmp_path, name, leads):
    """A commit can link to anything, and what is wrong with a file shows some of it, in CI's log too."""
    (tmp_path / "secret").write_text("s3cret\n")
    folder = tmp_path / "repository/lib"
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "repository/.git/config").write_text("s3cret\n")
    folder.mkdir()
    project(folder, pyproject__toml=BUILD + PROJECT)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(leads)
    assert "s3cret" in (folder / name).read_text()
    [(where, what)] = faults(folder)
    assert (where, "leads out of the repository" in what) == (f"packages/lib/{name}", True)


def test_a_file_may_be_a_link_in_the_repository(tmp_path):
    """As where packages share their configuration; outside of version control anywhere."""
    (tmp_path / "repository/.git").mkdir(parents=True)
    (tmp_path / "repository/shared.toml").write_text(BUILD + PROJECT)
    (tmp_path / "repository/lib").mkdir()
    (tmp_path / "repository/lib/pyproject.toml").symlink_to("../shared.toml")
    assert definition(tmp_path / "repository/lib").name == "my-lib"
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/pyproject.toml").symlink_to("../repository/shared.toml")
    assert definition(tmp_path / "lib").name == "my-lib"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README__md": ""},
        {"pyproject__toml": "[tool.ruff]\n"},
        {"setup__cfg": "[flake8]\nmax-line-length = 120\n"},
        {"setup__py": "import logging\n\ndef setup_logging():\n    logging.basicConfig()\n"},
    ],
    ids=["empty", "no file of ours", "tools alone", "setup.cfg of tools", "setup.py of an application"],
)
def test_a_folder_that_is_no_project_is_none(tmp_path, files):
    """That is no fault of the folder's."""
    assert read(project(tmp_path, **files), where="x") == (None, [])


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[project", "pyproject.toml: line 1, column 9", "TOML syntax: "),
        (BUILD, "", "has no name that can be read without running code"),
        (BUILD + "[project]\nversion = '1'", "pyproject.toml: project.name", "must not be empty"),
        (BUILD + "[project]\nname = 3", "pyproject.toml: project.name", "must be a string, not the number 3"),
        (
            BUILD + "[project]\nname = '-a'",
            "pyproject.toml: project.name",
            '"-a" is not the name of a distribution',
        ),
        (
            "build-system = 1\n" + PROJECT,
            "pyproject.toml: build-system",
            "must be a table with the key `requires`",
        ),
        (
            "[build-system]\nbuild-backend = 'x'\n" + PROJECT,
            "pyproject.toml: build-system",
            "must be a table with the key `requires`",
        ),
        (
            "[build-system]\nrequires = 'x'\n" + PROJECT,
            "pyproject.toml: build-system.requires",
            'must be a list, not the string "x"',
        ),
        (
            "[build-system]\nrequires = ['a', '>>']\n" + PROJECT,
            "pyproject.toml: build-system.requires[1]",
            '">>" is not a requirement: ',
        ),
        (
            "[build-system]\nrequires = []\nbuild-backend = 1\n" + PROJECT,
            "pyproject.toml: build-system.build-backend",
            "must be a string, not the number 1",
        ),
        (
            "[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = ['../y']\n" + PROJECT,
            "pyproject.toml: build-system.backend-path[0]",
            '"../y" points outside the project',
        ),
    ],
)
def test_a_mistake_is_a_fault_with_its_place(tmp_path, text, where, what):
    """The project's file and the key in it."""
    ((found, said),) = faults(tmp_path, pyproject__toml=text)
    assert found == "packages/lib" + (f"/{where}" if where else "")
    assert said.startswith(what)


def test_several_mistakes_come_out_at_once(tmp_path):
    """The build system's and the name's."""
    text = "[build-system]\nrequires = [1]\nbuild-backend = 'x'\n[project]\nname = 1"
    assert [where for where, _ in faults(tmp_path, pyproject__toml=text)] == [
        "packages/lib/pyproject.toml: build-system.requires[0]",
        "packages/lib/pyproject.toml: project.name",
    ]


def test_a_name_that_only_running_could_tell_is_asked_for(tmp_path):
    """With what to write, and where."""
    found, (fault,) = read(project(tmp_path, setup__py="setup(name=read())"), where="packages/lib")
    assert found is None
    assert fault.where == "packages/lib"
    assert "[metadata] in setup.cfg" in fault.hint


def test_a_name_that_is_known_is_not_looked_for(tmp_path):
    """An sdist's is in its file's name."""
    found, listed = read(project(tmp_path, setup__py="setup(name=read())"), where="lib-1.tar.gz", name="lib")
    assert listed == []
    assert found is not None
    assert found.name == "lib"
