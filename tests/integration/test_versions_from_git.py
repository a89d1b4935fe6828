"""What comes from git, and takes its version from there, has the version of its commit."""

from __future__ import annotations

import pytest
from factories.monorepo import Monorepo, empty
from factories.repositories import Repository

pytestmark = pytest.mark.command

MANIFEST = """
packages = ["packages/*"]
engine = "local"
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64"]
bytecode = false
"""
SCM = """
[build-system]
requires = ["setuptools>=77", "setuptools-scm>=8"]
build-backend = "setuptools.build_meta"
[project]
name = "fromgit"
dynamic = ["version"]
[tool.setuptools_scm]
"""
HATCH = """
[build-system]
requires = ["hatchling", "hatch-vcs"]
build-backend = "hatchling.build"
[project]
name = "fromgit"
dynamic = ["version"]
[tool.hatch.version]
source = "vcs"
"""

PROJECT = '[project]\nname = "NAME-by"\ndynamic = ["version"]\n'
SETUPTOOLS = (
    '[build-system]\nrequires = ["setuptools>=77", "NAME"]\nbuild-backend = "setuptools.build_meta"\n'
)
DYNAMIC = f'{SETUPTOOLS}{PROJECT}[tool.setuptools]\npy-modules = ["one"]\n'
PBR = """
[build-system]
requires = ["setuptools>=77", "pbr>=6"]
build-backend = "pbr.build"
"""
POETRY = """
[build-system]
requires = ["poetry-core>=2", "poetry-dynamic-versioning>=1.4"]
build-backend = "poetry_dynamic_versioning.backend"
[tool.poetry]
name = "NAME-by"
version = "0.0.0"
description = ""
authors = []
packages = [{ include = "one.py" }]
[tool.poetry-dynamic-versioning]
enable = true
"""
UV = f"""
[build-system]
requires = ["hatchling", "uv-dynamic-versioning"]
build-backend = "hatchling.build"
{PROJECT}
[tool.hatch.version]
source = "uv-dynamic-versioning"
[tool.hatch.build.targets.wheel]
include = ["one.py"]
"""
PDM = f"""
[build-system]
requires = ["pdm-backend"]
build-backend = "pdm.backend"
{PROJECT}
[tool.pdm.version]
source = "scm"
[tool.pdm.build]
includes = ["one.py"]
"""
VERSIONEER = f"""
{DYNAMIC}
[tool.versioneer]
VCS = "git"
style = "pep440"
tag_prefix = "v"
versionfile_source = "_version.py"
"""
# Tools that ask git themselves: the files of a project, and its version two commits after v1.5, up to where
# the name of the commit begins.
TOOLS = {
    "pbr": (
        {
            "pyproject.toml": PBR,
            "setup.cfg": "[metadata]\nname = NAME-by\nsummary = x\n",
            "setup.py": "import setuptools\nsetuptools.setup(pbr=True, py_modules=['one'])\n",
        },
        "1.5.1.dev2",
    ),
    "poetry-dynamic-versioning": ({"pyproject.toml": POETRY}, "1.5.post2.dev0+"),
    "versioningit": ({"pyproject.toml": f"{DYNAMIC}[tool.versioningit]\n"}, "1.5.post2+g"),
    "setuptools-git-versioning": (
        {"pyproject.toml": f"{DYNAMIC}[tool.setuptools-git-versioning]\nenabled = true\n"},
        "1.5.post2+git.",
    ),
    "uv-dynamic-versioning": ({"pyproject.toml": UV}, "1.5.post2.dev0+"),
    "versioneer": (
        {
            "pyproject.toml": VERSIONEER,
            "setup.py": (
                "import setuptools, versioneer\n"
                "setuptools.setup(version=versioneer.get_version(), cmdclass=versioneer.get_cmdclass())\n"
            ),
        },
        "1.5+2.g",
    ),
    "pdm-backend": ({"pyproject.toml": PDM}, "1.6.dev2+g"),
}


def versions(monorepo: Monorepo) -> dict[str, str]:
    """Of the own distribution of each layer."""
    found = monorepo.catalogue().values()
    return {entry["layer"]: entry["distributions"][0]["version"] for entry in found}


def test_tools_that_ask_git_see_the_history(tmp_path):
    """That of the whole repository, as in the checkout; another tag is another version."""
    repository = Repository(tmp_path / "mono")
    files = {"layers.toml": MANIFEST, ".gitignore": "dist/\nlayers.lock\n__pycache__/\n"}
    for tool, (contents, _) in TOOLS.items():
        texts = {"one.py": "ONE = 1\n", **contents}
        files |= {f"packages/{tool}/{name}": text.replace("NAME", tool) for name, text in texts.items()}
    repository.commit(files)
    repository.git("tag", "-a", "-m", "x", "v1.5")
    repository.commit({"more.txt": "1"})
    commit = repository.commit({"more.txt": "2"})
    mono = Monorepo(root=repository.folder, store=tmp_path / "store")
    ran = mono.run("layers")
    assert 0 == ran.status, ran.text
    expected = {f"{tool}-by": told + (commit[:7] if "+" in told else "") for tool, (_, told) in TOOLS.items()}
    assert expected == {name: found[: len(expected[name])] for name, found in versions(mono).items()}

    repository.git("tag", "v2.0")
    ran = mono.run("layers", "--only", "pdm-backend-by")
    assert (0, "2.0") == (ran.status, versions(mono)["pdm-backend-by"]), ran.text


@pytest.mark.parametrize("pyproject", [SCM, HATCH], ids=["setuptools-scm", "hatch-vcs"])
@pytest.mark.parametrize(("further", "version"), [(False, "1.5"), (True, "1.6.dev1+g")])
def test_the_version_is_that_of_the_commit(tmp_path, pyproject, further, version):
    """A tag's own, or that of what comes after it; package data is there as well."""
    repository = Repository(tmp_path / "repository")
    package = {"src/fromgit/__init__.py": "", "src/fromgit/data.txt": "1"}
    repository.commit({"pyproject.toml": pyproject, **package})
    repository.git("tag", "v1.5")
    if further:
        repository.commit({"more.txt": "1"})
    mono = empty(tmp_path)
    mono.manifest(
        f'engine = "local"\n[layers.own]\nrequirements = ["fromgit @ git+{repository.url}"]\n'
        'runtimes = ["python3.11"]\narchitectures = ["x86_64"]\nbytecode = false\n'
    )
    ran = mono.run("layers")

    assert 0 == ran.status, ran.text
    [found] = mono.catalogue()["own-python3.11-x86_64"]["distributions"]
    assert found["version"].startswith(version)
    assert "python/fromgit/data.txt" in mono.members("own-python3.11-x86_64")
