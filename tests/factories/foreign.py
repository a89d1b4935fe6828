"""Other people's repositories, as they are before anybody thought of layers: files by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Files = Mapping[str, str]


def lay(root: Path, files: Files) -> Path:
    """Write the files of a repository."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def hatchling(name: str, *, python: str = ">=3.11", requires: str = "", more: str = "") -> str:
    """A pyproject.toml of hatchling's."""
    stated = f'requires-python = "{python}"\n' if python else ""
    return (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "0.1.0"\n{stated}dependencies = [{requires}]\n{more}'
    )


def poetry(name: str, *, python: str = "^3.11", requires: str = "", more: str = "") -> str:
    """A pyproject.toml of poetry's own notation."""
    return (
        f'[tool.poetry]\nname = "{name}"\nversion = "0.1.0"\ndescription = ""\nauthors = []\n{more}'
        f'[tool.poetry.dependencies]\npython = "{python}"\n{requires}'
        '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
    )


def setup(name: str, *, python: str = "", requires: str = "", more: str = "") -> str:
    """A setup.py."""
    stated = f'    python_requires="{python}",\n' if python else ""
    return (
        "from setuptools import find_packages, setup\n\nsetup(\n"
        f'    name="{name}",\n{stated}    install_requires=[{requires}],\n'
        f'    packages=find_packages("src"),\n    package_dir={{"": "src"}},\n{more})\n'
    )


# A shop, in one repository: 12 packages of three backends, one with an extension in C, a root that is none,
# tests with a project of their own, tools that are no packages.
EXTENSION = """\
#include <Python.h>

static PyObject *checksum(PyObject *self, PyObject *args) {
    const char *text;
    unsigned long sum = 0;
    if (!PyArg_ParseTuple(args, "s", &text)) return NULL;
    while (*text) sum = sum * 31 + (unsigned char)*text++;
    return PyLong_FromUnsignedLong(sum & 0xffffffff);
}

static PyMethodDef methods[] = {{"checksum", checksum, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", NULL, -1, methods};
PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&module); }
"""
_SETUPTOOLS = '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
SHOP: Files = {
    "README.md": "# The shop\n",
    ".gitignore": "__pycache__/\n.venv/\n",
    "pyproject.toml": '[project]\nname = "shop"\nversion = "0"\nrequires-python = ">=3.11"\n'
    '[tool.uv]\npackage = false\n[tool.uv.workspace]\nmembers = ["libs/*", "services/*"]\n'
    "[tool.uv.sources]\nshop-money = { workspace = true }\n"
    "[tool.ruff]\nline-length = 100\n",
    "tools/release.py": "print('no package')\n",
    "tests/fixtures/plugin/pyproject.toml": hatchling("shop-plugin"),
    "tests/fixtures/plugin/shop_plugin.py": "",
    **{
        path: text
        for name in ("money", "zones", "clock", "events", "flags")
        for path, text in {
            f"libs/{name}/pyproject.toml": hatchling(
                f"shop-{name}",
                requires="" if name in ("money", "clock") else '"shop-money"',
                more='[tool.hatch.build.targets.wheel]\npackages = ["src/shop"]\n',
            ),
            f"libs/{name}/src/shop/{name}/__init__.py": f'NAME = "{name}"\n',
            f"libs/{name}/tests/test_{name}.py": "",
        }.items()
    },
    "libs/fast/pyproject.toml": f'{_SETUPTOOLS}[project]\nname = "shop-fast"\nversion = "2.0"\n'
    'requires-python = ">=3.10"\n[tool.setuptools.packages.find]\nwhere = ["src"]\n',
    "libs/fast/setup.py": "from setuptools import Extension, setup\n\n"
    'setup(ext_modules=[Extension("shop_fast._fast", ["src/shop_fast/_fast.c"])])\n',
    "libs/fast/src/shop_fast/__init__.py": 'from shop_fast._fast import checksum\n\n__all__ = ["checksum"]\n',
    "libs/fast/src/shop_fast/_fast.c": EXTENSION,
    "libs/legacy/setup.py": setup("shop-legacy", python=">=3.8"),
    "libs/legacy/src/shop_legacy/__init__.py": "OLD = True\n",
    **{
        path: text
        for name in ("orders", "stock", "mail")
        for path, text in {
            f"services/{name}/pyproject.toml": poetry(
                f"shop-{name}",
                requires='shop-events = { path = "../../libs/events", develop = true }\nsix = "^1.16"\n',
                more=f'packages = [{{ include = "{name}" }}]\n',
            ),
            f"services/{name}/{name}/__init__.py": "",
            f"services/{name}/{name}/app.py": "import six\nfrom shop.events import NAME\n\n\n"
            "def handler(event, context):\n    return {'service': NAME, 'six': six.__version__[:1]}\n",
        }.items()
    },
    "services/report/pyproject.toml": f'{_SETUPTOOLS}[project]\nname = "shop-report"\nversion = "1.0"\n'
    'requires-python = ">=3.11,<3.14"\ndependencies = ["shop-fast", "shop-legacy", "shop-money"]\n'
    '[tool.setuptools]\npy-modules = ["shop_report"]\n',
    "services/report/shop_report.py": "from shop_fast import checksum\n\nSUM = checksum('report')\n",
    "services/web/pyproject.toml": '[project]\nname = "web"\nversion = "0"\nrequires-python = ">=3.11"\n'
    'dependencies = ["shop-money"]\n',
    "services/web/main.py": "from shop.money import NAME\n",
    "services/audit/pyproject.toml": hatchling("shop-audit", requires='"shop-zones", "shop-flags"'),
    "services/audit/shop_audit/__init__.py": "from shop.zones import NAME\n",
}
SHOP_PACKAGES = frozenset(
    f"shop-{name}"
    for name in (
        *("money", "zones", "clock", "events", "flags", "fast", "legacy"),
        *("orders", "stock", "mail", "report", "audit"),
    )
)

# What `pylayer init` has to make something of, each in few files.
UV_GROUPS: Files = {
    "pyproject.toml": hatchling(
        "acme",
        more='[dependency-groups]\ndev = ["nox>=2024", "pytest", {include-group = "lint"}]\nlint = ["ruff"]\n'
        '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/attic"]\n',
    ),
    "src/acme/__init__.py": "",
    "uv.lock": 'version = 1\nrevision = 3\nrequires-python = ">=3.12"\n',
    ".python-version": "3.12\n",
    "packages/core/pyproject.toml": hatchling("acme-core", python=">=3.12"),
    "packages/core/src/acme_core/__init__.py": "",
    "packages/api/pyproject.toml": hatchling(
        "acme-api", requires='"acme-core"', more="[tool.uv.sources]\nacme-core = { workspace = true }\n"
    ),
    "packages/api/src/acme_api/__init__.py": "",
    "packages/attic/pyproject.toml": hatchling("acme-core"),
    "packages/old/pyproject.toml": hatchling("acme-old", python=">=3.6,<3.8"),
    "packages/old/src/acme_old/__init__.py": "",
}
POETRY_DEVELOP: Files = {
    "pyproject.toml": poetry(
        "mono", requires='a = { path = "libs/a", develop = true }\n', more="package-mode = false\n"
    )
    + '[tool.poetry.group.dev.dependencies]\ninvoke = "^2"\n',
    "poetry.lock": 'package = []\n[metadata]\nlock-version = "2.1"\npython-versions = "^3.11"\n',
    "libs/a/pyproject.toml": poetry("a", python="^3.11 || ^3.13"),
    "libs/a/a/__init__.py": "",
    "libs/b/pyproject.toml": poetry("b", python="~3.12", requires='a = { path = "../a", develop = true }\n'),
    "libs/b/b/__init__.py": "",
    "apps/shop/pyproject.toml": poetry("shop-app"),
    "apps/shop/main.py": "",
}
PDM: Files = {
    "pyproject.toml": '[project]\nname = "root"\nversion = "0"\nrequires-python = ">=3.11"\n'
    '[tool.pdm]\ndistribution = false\n[tool.pdm.dev-dependencies]\ndev = ["-e file:///${PROJECT_ROOT}/core"]\n',
    "pdm.lock": '[metadata]\ngroups = ["default"]\nlock_version = "4.5.0"\n',
    "core/pyproject.toml": '[build-system]\nrequires = ["pdm-backend"]\nbuild-backend = "pdm.backend"\n'
    '[project]\nname = "core"\nversion = "1"\nrequires-python = ">=3.11"\n',
    "core/src/core/__init__.py": "",
}
SETUP_FOLDERS: Files = {
    "requirements.txt": "six==1.16.0\n",
    "one/setup.py": setup("one").replace('    name="one",\n', '    name="one",\n    # no version\n'),
    "one/src/one/__init__.py": "",
    "two/setup.py": "import setuptools\n\nNAME = 'two'\nsetuptools.setup(name=NAME, py_modules=['two'])\n",
    "two/two.py": "",
    "three/setup.cfg": "[metadata]\nname = three\n[options]\npy_modules = three\n"
    "python_requires = >=3.9, <3.12\n",
    "three/three.py": "",
    "four/setup.py": "from setuptools import setup\nsetup(**read())\n",
    "scripts/run.sh": "",
}
NESTED: Files = {
    f"{folder}/{name}": text
    for folder, package in (
        ("libs/python/logs", "logs"),
        ("libs/python/metrics", "metrics"),
        ("teams/blue/python", "blue"),
        ("teams/green/python", "green"),
    )
    for name, text in (("pyproject.toml", hatchling(package)), (f"src/{package}/__init__.py", ""))
} | {"libs/go/go.mod": "", "teams/blue/web/package.json": "{}"}
SINGLE: Files = {
    "pyproject.toml": hatchling("only-one", python=""),
    "src/only_one/__init__.py": "",
    "tests/test_it.py": "",
    "docs/pyproject.toml": hatchling("only-one-docs"),
    "docs/only_one_docs.py": "",
    "template.yaml": "Globals:\n  Function:\n    Runtime: python3.12\n    MemorySize: 128\n",
}
PANTS: Files = {
    "pants.toml": "[GLOBAL]\n",
    "pyproject.toml": "[tool.black]\nline-length = 100\n",
    "src/python/acme/util/BUILD": "python_sources()\n",
    "src/python/acme/util/__init__.py": "",
    "src/python/acme/dist/pyproject.toml": hatchling(
        "acme-dist", more='[tool.hatch.build.targets.wheel]\npackages = ["acme_dist"]\n'
    ),
    "src/python/acme/dist/acme_dist/__init__.py": "",
}
ODD: Files = {
    "my libs/café/pyproject.toml": hatchling("cafe"),
    "my libs/café/cafe.py": "",
    "my libs/[x]/pyproject.toml": hatchling("bracket"),
    "my libs/[x]/bracket.py": "",
    "my libs/!bang/pyproject.toml": hatchling("bang"),
    "my libs/!bang/bang.py": "",
    "platform/pyproject.toml": hatchling("platform"),
    "platform/platform/__init__.py": "X = 1\n",
    "node_modules/x/pyproject.toml": hatchling("x"),
    "venv/pyvenv.cfg": "",
    "venv/lib/y/pyproject.toml": hatchling("y"),
    "{{cookiecutter.name}}/pyproject.toml": hatchling("{{cookiecutter.name}}"),
}
