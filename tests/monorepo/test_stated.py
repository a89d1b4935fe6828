"""What projects' files state that they require."""

from __future__ import annotations

import pytest

from pylayer.monorepo import stated

SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
PROJECT = f'{SETUPTOOLS}[project]\nname = "lib"\nversion = "1"\n'


def requires(folder, **files):
    """What is stated in these files, by the part of their name before the dot; None where nothing is."""
    suffixes = {"pyproject": ".toml", "setup": ".py", "config": ".cfg", "base": ".txt"}
    for name, text in files.items():
        stem = "setup" if name == "config" else name
        (folder / f"{stem}{suffixes[name]}").write_text(text, encoding="utf-8")
    found = stated.likely("lib", folder)
    return found and (list(found.requires), list(found.extras))


def test_what_project_states(tmp_path):
    """Its extras as METADATA has them."""
    extras = '[project.optional-dependencies]\n"X_Y" = ["c; os_name == \'posix\'", "d"]\n'
    listed = ["a>=1", "b", 'c ; (os_name == "posix") and extra == "x-y"', 'd ; extra == "x-y"']
    assert (listed, ["x-y"]) == requires(
        tmp_path, pyproject=f'{PROJECT}dependencies = ["a>=1", "b"]\n{extras}'
    )


@pytest.mark.parametrize("file", ["../base.txt", "/etc/hostname", "link.txt"])
def test_a_file_outside_is_not_read(tmp_path, file):
    """Setuptools refuses it: whoever builds the project is told."""
    (tmp_path / "base.txt").write_text("s3cret\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/link.txt").symlink_to("../base.txt")
    dynamic = (
        f'dynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = {{ file = ["{file}"] }}\n'
    )
    assert requires(tmp_path / "lib", pyproject=PROJECT + dynamic) is None


def test_nothing_is_required(tmp_path):
    """That is stated too."""
    assert ([], []) == requires(tmp_path, pyproject=PROJECT)


@pytest.mark.parametrize("listed", ["\n  a>=1\n  # not this\n  b\n", "a>=1; b"])
def test_setup_cfg(tmp_path, listed):
    """One for each line, or semicolons between."""
    text = f"[options]\ninstall_requires = {listed}\n[options.extras_require]\nx = c\n"
    found = requires(tmp_path, pyproject=SETUPTOOLS, config=text)
    assert (["a>=1", "b", 'c ; extra == "x"'], ["x"]) == found


@pytest.mark.parametrize(
    "text", ["setup(install_requires=['a>=1'])", "NEEDS = ['a>=1']\nsetup(install_requires=NEEDS)"]
)
def test_literals_of_setup_py(tmp_path, text):
    """In the call, or once in the module."""
    assert (["a>=1"], []) == requires(tmp_path, setup=text)


def test_files_that_pyproject_names(tmp_path):
    """As setuptools reads them, without comments."""
    text = 'dynamic = ["dependencies"]\n[tool.setuptools.dynamic]\ndependencies = { file = "base.txt" }\n'
    assert (["a>=1"], []) == requires(tmp_path, pyproject=PROJECT + text, base="# all\na>=1\n\n")


@pytest.mark.parametrize(
    "files",
    [
        {"setup": "setup(install_requires=read())"},
        {"setup": "setup(install_requires='a\\nb')"},
        {"setup": "setup(install_requires=[1])"},
        {"setup": "setup("},
        {"config": "[options]\ninstall_requires = file: base.txt\n"},
        {"config": "no section"},
        {"pyproject": f'{PROJECT}dynamic = ["dependencies"]\n'},
        {"pyproject": f'{SETUPTOOLS}[tool.poetry]\nname = "lib"\n'},
        {"pyproject": "[["},
        {},
    ],
)
def test_nothing_can_be_read(tmp_path, files):
    """Computed, elsewhere, broken, or not there: the build says it."""
    assert requires(tmp_path, **files) is None


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Liba[x]>=2; os_name == 'posix'", 'Liba[x] ; os_name == "posix"'),
        ("liba @ file:///there", "liba"),
        ("other>=2", "other>=2"),
        ("liba >dev", "liba >dev"),
    ],
)
def test_versions_of_projects_are_left_out(text, plain):
    """Building says whether those are right; what nobody can read stays."""
    assert plain == stated.without_version(text, {"liba"})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": PROJECT, "setup.py": "setup()"}, "pyproject.toml"),
        ({"pyproject.toml": "[tool.poetry]\n", "setup.cfg": ""}, "pyproject.toml"),
        ({"pyproject.toml": SETUPTOOLS, "setup.py": "setup()"}, "setup.py"),
        ({"setup.cfg": "[bdist_wheel]\n", "setup.py": "setup(install_requires=[])"}, "setup.py"),
        ({"setup.cfg": "[options]\ninstall_requires = a\n", "setup.py": "setup()"}, "setup.cfg"),
        ({"setup.cfg": "[metadata]\nname = a\n"}, "setup.cfg"),
        ({"setup.cfg": "no section", "setup.py": "setup()"}, "setup.py"),
    ],
)
def test_the_file_that_states_it(tmp_path, files, expected):
    """As an error names it: the other may be there for tools."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert expected == stated.stating(tmp_path)
