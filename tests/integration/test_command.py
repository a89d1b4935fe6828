"""The command line where no Docker is needed: wrong manifests, selection, and what is left without Docker."""

from __future__ import annotations

import subprocess
import sys

import pytest
from factories.monorepo import empty

pytestmark = pytest.mark.command

MANIFEST = """
packages = ["packages/*"]
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64", "arm64"]
"""
NOWHERE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
NATIVE = """
from setuptools import Extension, setup
setup(ext_modules=[Extension("native", ["native.c"])])
"""


@pytest.fixture
def mono(tmp_path):
    """A workspace of two pure projects, on a machine where no Docker answers."""
    mono = empty(tmp_path)
    mono.env = dict(NOWHERE)
    mono.manifest(MANIFEST)
    mono.project("one")
    mono.project("two")
    return mono


@pytest.fixture
def native(mono):
    """A third one, in C, that only a container may build."""
    mono.manifest(MANIFEST + '[projects.native]\nnative = "container"\n')
    folder = mono.project("native")
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text.partition("[tool.setuptools]")[0])
    (folder / "native.py").unlink()
    (folder / "setup.py").write_text(NATIVE)
    (folder / "native.c").write_text(
        '#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "native"};\n'
        "PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&m); }\n"
    )
    return mono


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("packages = [", "line 1, column"),
        (MANIFEST + "bytcode = true\n", "bytecode"),
        (MANIFEST.replace('"arm64"', '"armv7"'), "armv7"),
        (MANIFEST.replace("packages/*", "pakages/*"), "pakages/*"),
        (MANIFEST + '[layers.x]\npackages = ["tow"]\n', "two"),
    ],
    ids=["syntax", "unknown key", "unknown architecture", "missing folder", "unknown project"],
)
def test_a_wrong_manifest_is_one_error_and_writes_nothing(mono, text, told):
    """Status 3, the place and a suggestion in the error, no traceback, no output."""
    mono.manifest(text)
    ran = mono.run("layers")

    assert (ran.status, mono.output.exists()) == (3, False)
    assert told in ran.err
    assert "Traceback" not in ran.text


def test_no_manifest_is_an_error(tmp_path):
    """It says what to write."""
    (tmp_path / "mono").mkdir()
    ran = empty(tmp_path / "mono").run("layers")

    assert ran.status == 3
    assert "layers.toml" in ran.err


def test_two_projects_of_one_name_are_an_error(mono):
    """Both places are named."""
    folder = mono.project("three")
    (folder / "pyproject.toml").write_text(
        (folder / "pyproject.toml").read_text().replace('"three"', '"one"')
    )
    ran = mono.run("layers")

    assert ran.status == 3
    assert "packages/one" in ran.err
    assert "packages/three" in ran.err


def test_a_cycle_of_build_requirements_is_an_error(mono):
    """What has to be built before itself cannot be built."""
    for name, other in (("one", "two"), ("two", "one")):
        path = mono.root / f"packages/{name}/pyproject.toml"
        path.write_text(path.read_text().replace('"setuptools>=61"', f'"setuptools>=61", "{other}"'))
    ran = mono.run("layers")

    assert ran.status == 3
    assert "one" in ran.err
    assert "two" in ran.err


def test_the_manifest_is_found_from_below(mono):
    """Any folder of the repository will do."""
    below = mono.root / "packages" / "one"
    process = subprocess.run(
        [sys.executable, "-m", "pylayer", "build-layer", "one"],
        cwd=below,
        env=mono.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert set(mono.catalogue()) == {"one-python3.11-arm64", "one-python3.11-x86_64"}


def test_layers_are_selected_by_names_and_builds_by_globs(mono):
    """Commas and globs for several; a selection adds to layers.json."""
    first = mono.run("layers", "--only", "one-*-arm64", "--only", "two-*-arm64")
    second = mono.run("build-layer", "o*,two")

    assert (first.status, second.status) == (0, 0), first.text + second.text
    assert len(first.out.splitlines()) == 3
    assert len(mono.catalogue()) == 4


def test_a_glob_that_matches_nothing_is_an_error(mono):
    """It says what there is."""
    ran = mono.run("build-layer", "onne")

    assert ran.status == 2
    assert "one" in ran.err


def test_without_docker_native_builds_are_left_and_said(native):
    """On a desk that is no error; everything else is built."""
    ran = native.run("layers")

    assert (ran.status, len(native.catalogue())) == (0, 4)
    assert "native-python3.11-arm64" in ran.err
    assert "no Docker" in ran.err


@pytest.mark.parametrize(
    ("words", "env"),
    [(("layers", "--strict"), {}), (("layers",), {"CI": "true"}), (("build-layer", "native"), {})],
    ids=["strict", "CI", "by name"],
)
def test_what_is_left_can_be_an_error_of_its_own_status(native, words, env):
    """Status 8 where somebody counts on it."""
    assert native.run(*words, **env).status == 8


def test_the_docker_engine_never_falls_back(mono):
    """Status 7, and nothing is built."""
    ran = mono.run("layers", "--engine", "docker")

    assert (ran.status, mono.output.exists()) == (7, False)


def test_a_layer_that_leaves_the_manifest_loses_its_archives(mono):
    """Neither its zip nor its entry stays."""
    mono.run("layers")
    gone = (mono.output / "two-python3.11-arm64.zip").exists()
    mono.manifest(MANIFEST.replace("packages/*", "packages/one"))
    mono.run("layers")

    assert (gone, (mono.output / "two-python3.11-arm64.zip").exists()) == (True, False)
    assert {name.partition("-")[0] for name in mono.catalogue()} == {"one"}


def test_an_output_that_cannot_be_written_is_named(mono):
    """Status 11, and the place."""
    mono.file("dist", "a file where a folder should be")
    ran = mono.run("layers")

    assert ran.status == 11
    assert "dist" in ran.err
