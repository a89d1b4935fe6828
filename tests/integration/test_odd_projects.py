"""Projects as other people's monorepos have them, built or told of."""

from __future__ import annotations

import os

import pytest
from factories.monorepo import Monorepo, empty

pytestmark = pytest.mark.command

MANIFEST = """
packages = ["{packages}"]
engine = "local"
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
bytecode = false
"""
HATCH = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
BRICKS = """
[project]
name = "shop"
version = "1"
[tool.hatch.build.targets.wheel.force-include]
"../../bases/acme/shop_api" = "acme/shop_api"
"../../components/acme/pricing" = "acme/pricing"
"""
SETUP = """
import os
from setuptools import setup
here = os.path.dirname(os.path.abspath(__file__))
setup(name="legacy", version=open(os.path.join(here, {path})).read().strip(), packages=["legacy"])
"""


@pytest.fixture
def mono(tmp_path):
    def make(files: dict[str, str], packages: str = "packages/*") -> Monorepo:
        made = empty(tmp_path)
        made.manifest(MANIFEST.format(packages=packages))
        for name, text in files.items():
            made.file(name, text)
        return made

    return make


def test_polyliths_bricks_are_seen_without_being_declared(mono):
    """They lie beside the projects, and force-include names them."""
    made = mono(
        {
            "components/acme/pricing/__init__.py": "P = 3\n",
            "bases/acme/shop_api/core.py": "from acme.pricing import P\n",
            "projects/shop/pyproject.toml": HATCH + BRICKS,
        },
        "projects/*",
    )
    ran = made.run("layers")
    assert 0 == ran.status, ran.text
    members = made.members("shop-python3.11-x86_64")
    assert {"python/acme/pricing/__init__.py", "python/acme/shop_api/core.py"} <= set(members)


@pytest.mark.parametrize(
    ("path", "status"), [('"../../VERSION"', 0), ('"..", "..", "VERSION"', 9)], ids=["named", "put together"]
)
def test_a_file_above_is_seen_or_told(mono, path, status):
    """What cannot be read from setup.py is in the error, as the line that lets the build see it."""
    made = mono(
        {
            "VERSION": "2.3.4\n",
            "packages/legacy/setup.py": SETUP.format(path=path),
            "packages/legacy/legacy/__init__.py": "",
        }
    )
    ran = made.run("layers")
    assert status == ran.status, ran.text
    if status:
        line = 'inputs = ["../../VERSION"]'
        assert f"../../VERSION of the repository is outside of its folder: write {line}" in ran.text
        made.manifest(MANIFEST.format(packages="packages/*") + f"[projects.legacy]\n{line}\n")
        assert 0 == made.run("layers").status
    assert "2.3.4" == made.catalogue()["legacy-python3.11-x86_64"]["distributions"][0]["version"]


@pytest.mark.parametrize("named", ["./packages/flat", "packages/flat"])
def test_modules_beside_pyproject_toml_are_packaged_by_hatchling(mono, named):
    """With `packages = ["."]` it writes `./core.py`, which installers take as core.py."""
    head = '[project]\nname = "flat"\nversion = "1"\n[tool.hatch.build.targets.wheel]\npackages = ["."]\n'
    made = mono(
        {
            "packages/flat/pyproject.toml": HATCH + head,
            "packages/flat/core.py": "",
            "packages/flat/tools/__init__.py": "",
        },
        named,
    )
    ran = made.run("layers")
    assert 0 == ran.status, ran.text
    members = made.members("flat-python3.11-x86_64")
    assert {"python/core.py", "python/tools/__init__.py"} <= set(members)


FETCHING = """import urllib.request
from setuptools import setup
urllib.request.urlopen("http://downloads.invalid/certificates.pem")
setup(name="fetching", version="1")
"""


def test_a_build_that_wants_a_network_hears_how_to_have_one(mono):
    """Builds have none; the error of a name's resolution alone does not say so."""
    ran = mono({"packages/fetching/setup.py": FETCHING}).run("layers")
    assert 9 == ran.status, ran.text
    assert "a build has no network." in ran.err
    assert "write network = true under [projects.fetching]" in ran.err


def test_what_a_build_saw_is_not_told_as_outside(mono):
    """Poetry-core includes nothing from there, however much it sees; a path of a neighbour is no input."""
    poetry = '[build-system]\nrequires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n'
    head = '[tool.poetry]\nname = "{name}"\nversion = "1"\ndescription = ""\nauthors = []\n'
    made = mono(
        {
            "components/acme/pricing/__init__.py": "",
            "packages/shop/pyproject.toml": f"{poetry}{head.format(name='shop')}"
            'include = [{ path = "../../components/acme/pricing", format = "wheel" }]\n'
            '[tool.poetry.dependencies]\nlib = { path = "../lib", develop = true }\n',
            "packages/lib/pyproject.toml": poetry + head.format(name="lib"),
            "packages/lib/lib.py": "",
            "packages/shop/shop.py": "",
        }
    )
    ran = made.run("layers")
    assert 9 == ran.status, ran.text
    assert "is not in the subpath of" in ran.err
    assert "write inputs" not in ran.err
    assert ["lib-python3.11-x86_64"] == list(made.catalogue())


def test_virtual_members_are_passed_over_and_an_unknown_extra_is_told(mono):
    """Both in a line, and the rest is built."""
    made = mono(
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
            "packages/a/pyproject.toml": f'{HATCH}[project]\nname = "a"\nversion = "1"\n'
            '[project.optional-dependencies]\ns3 = ["six"]\n',
            "packages/a/a/__init__.py": "",
            "packages/fn/pyproject.toml": '[project]\nname = "fn"\nversion = "1"\ndependencies = ["a"]\n',
            "packages/job/pyproject.toml": "[tool.poetry]\npackage-mode = false\n",
        }
    )
    with (made.root / "layers.toml").open("a") as file:
        file.write('[layers.a]\nextras = ["s33"]\n')
    ran = made.run("layers")
    assert 0 == ran.status, ran.text
    assert 'packages/fn ("fn") is no package' in ran.text
    assert 'packages/job ("job") is no package' in ran.text
    assert 'layer a asks for the extra "s33" of a: it has s3' in ran.text
    assert list(made.catalogue()) == ["a-python3.11-x86_64"]


def test_a_file_whose_name_is_not_utf_8_is_in_the_way_of_nobody(mono):
    """Unless a backend packages it."""
    made = mono(
        {"packages/a/pyproject.toml": f'{HATCH}[project]\nname = "a"\nversion = "1"\n', "packages/a/a.py": ""}
    )
    (made.root / "packages/a/\udcff.txt").write_text("")
    for state in ("built", "cached"):
        ran = made.run("layers")
        assert 0 == ran.status, ran.text
        assert state in ran.text


NEEDY = """
import shutil, sys
from setuptools import Extension, setup
if not shutil.which("needed-tool"):
    sys.exit("error: needed-tool is not here")
setup(name="needy", version="1", ext_modules=[Extension("needy", ["needy.c"])])
"""


@pytest.mark.timeout(300)
def test_what_this_host_lacked_is_tried_again(mono, tmp_path):
    """A cross build that failed is not, where a container does it; where there is none, somebody may help."""
    made = mono(
        {
            "packages/needy/setup.py": NEEDY,
            "packages/needy/needy.c": "#include <Python.h>\n"
            'static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needy", 0, -1, 0};\n'
            "PyMODINIT_FUNC PyInit_needy(void) { return PyModule_Create(&module); }\n",
        }
    )
    for _ in range(2):
        ran = made.run("layers")
        assert "skipped" in ran.text
        assert "needed-tool is not here" in ran.text
    tool = tmp_path / "bin" / "needed-tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    ran = made.run("layers", PATH=f"{tool.parent}:{os.environ['PATH']}")
    assert 0 == ran.status, ran.text
    assert ["needy-python3.11-x86_64"] == list(made.catalogue())
