"""Small workspaces made after what users of other tools met, as files by their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Files = Mapping[str, str | bytes]

SIX = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"  # of the wheel of 1.16.0
NOBODYS = "0" * 64  # no file has it
NOWHERE = "http://127.0.0.1:9/simple"  # an index that does not answer
DEFAULTS = '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\n'
WORKSPACE = (
    '[project]\nname = "root"\nversion = "0"\nrequires-python = ">=3.11"\n'
    '[tool.uv.workspace]\nmembers = ["packages/*"]\n'
)


def manifest(packages: str = "packages/*") -> str:
    """A layers.toml in which every package is a layer."""
    return f'packages = ["{packages}"]\n{DEFAULTS}'


def hatch(name: str, *requires: str, more: str = "") -> str:
    """The pyproject.toml of a package of hatchling's."""
    listed = ", ".join(f'"{text}"' for text in requires)
    return (
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\ndependencies = [{listed}]\n{more}'
    )


def setuptools(name: str, *requires: str, more: str = "") -> str:
    """The pyproject.toml of a package of setuptools'."""
    listed = ", ".join(f'"{text}"' for text in requires)
    return (
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        f'[project]\nname = "{name}"\nversion = "1.0"\ndependencies = [{listed}]\n'
        f'[tool.setuptools]\npackages = ["{name}"]\n{more}'
    )


def needs_six(requirements: str | bytes, **others: str) -> Files:
    """A package that needs six, beside a requirements.txt (and others, by their stems)."""
    return {
        "layers.toml": manifest(),
        "packages/liba/pyproject.toml": hatch("liba", "six"),
        "packages/liba/src/liba/__init__.py": "import six\n",
        "requirements.txt": requirements,
        **{f"{stem}.txt": text for stem, text in others.items()},
    }


PINNED = f"six==1.16.0 --hash=sha256:{SIX}\n"
CASES: dict[str, Files] = {
    "ignored-by-git": {
        ".gitignore": ".env\nlocal_data/\n",
        "layers.toml": manifest(),
        "packages/liba/pyproject.toml": hatch("liba"),
        "packages/liba/liba/__init__.py": "X = 1\n",
        "packages/liba/liba/.env": "SECRET=1\n",
        "packages/liba/liba/local_data/x.csv": "1\n",
    },
    "vendored-dist-info": {"layers.toml": f'{DEFAULTS}[layers.v]\nrequirements = ["bleach"]\n'},
    "vendored-in-a-set": {
        "layers.toml": f'{DEFAULTS}[layers.a]\nrequirements = ["setuptools"]\n'
        '[layers.b]\nrequirements = ["packaging", "wheel"]\n[sets.f]\nlayers = ["a", "b"]\n'
    },
    "two-wheels-with-tests": {
        "layers.toml": manifest(),
        "packages/web/pyproject.toml": hatch("web", "django-hosts==5.1", "draftjs-exporter==2.1.7"),
        "packages/web/src/web/__init__.py": "import draftjs_exporter\n",
    },
    "three-wheels-one-init": {
        "layers.toml": f"{DEFAULTS}[layers.dbx]\n"
        'requirements = ["databricks-sdk==0.133.0", "databricks-sql-connector==4.5.0", '
        '"databricks-sqlalchemy==2.0.10"]\n'
        'exclude = ["pandas", "numpy", "pyarrow"]\n'
    },
    "reads-above-its-folder": {
        "layers.toml": manifest(),
        "README.md": "",
        "VERSION": "2.3.4\n",
        "packages/legacy/setup.py": "import os\nfrom setuptools import setup\n"
        "h = os.path.dirname(os.path.abspath(__file__))\n"
        'setup(name="legacy", version=open(os.path.join(h, "../../VERSION")).read().strip(),\n'
        '      long_description=open(os.path.join(h, "../../README.md")).read(), packages=["legacy"])\n',
        "packages/legacy/legacy/__init__.py": "# é\n",
    },
    "polylith": {
        "layers.toml": manifest("projects/*"),
        "bases/acme/shop_api/__init__.py": "",
        "bases/acme/shop_api/core.py": "from acme.pricing import P\ndef handler(e, c): return P\n",
        "components/acme/pricing/__init__.py": "P = 3\n",
        "projects/shop/pyproject.toml": hatch(
            "shop",
            more="[tool.hatch.build.targets.wheel.force-include]\n"
            '"../../bases/acme/shop_api" = "acme/shop_api"\n'
            '"../../components/acme/pricing" = "acme/pricing"\n',
        ),
    },
    "requirements-include": needs_six("-r base.txt\n", base=PINNED),
    "requirements-with-bom": needs_six(f"six==1.16.0 \\\r\n    --hash=sha256:{SIX}\r\n".encode("utf-8-sig")),
    "requirements-utf16": needs_six(PINNED.encode("utf-16")),
    "requirements-with-paths": needs_six(f"-e ./packages/liba\nfile:packages/liba\n{PINNED}"),
    "requirements-wrong-hash": needs_six(f"six==1.16.0 --hash=sha256:{NOBODYS}\n"),
    "uv-sources-index": {
        "layers.toml": manifest(),
        "pyproject.toml": f"{WORKSPACE}[[tool.uv.index]]\n"
        f'name = "corp"\nurl = "{NOWHERE}"\nexplicit = true\n',
        "packages/a/pyproject.toml": setuptools(
            "a", "six", more='[tool.uv.sources]\nsix = { index = "corp" }\n'
        ),
        "packages/a/a/__init__.py": "import six\n",
    },
    "uv-sources-path": {
        "layers.toml": manifest(),
        "packages/a/pyproject.toml": setuptools(
            "a",
            "six",
            more='[tool.uv.sources]\nsix = { path = "../../third_party/six", editable = true }\n',
        ),
        "packages/a/a/__init__.py": "import six\n",
        "third_party/six/pyproject.toml": hatch("six"),
        "third_party/six/src/six/__init__.py": "OURS = 1\n",
    },
    "uv-lock-other-registry": {
        "layers.toml": manifest(),
        "pyproject.toml": WORKSPACE,
        "packages/a/pyproject.toml": setuptools("a", "six"),
        "packages/a/a/__init__.py": "import six\n",
        "uv.lock": 'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n'
        '[manifest]\nmembers = ["a", "root"]\n'
        '[[package]]\nname = "a"\nversion = "1.0"\nsource = { editable = "packages/a" }\n'
        'dependencies = [{ name = "six" }]\n'
        '[[package]]\nname = "root"\nversion = "0"\nsource = { virtual = "." }\n'
        f'[[package]]\nname = "six"\nversion = "1.16.0"\nsource = {{ registry = "{NOWHERE}" }}\n'
        'wheels = [{ url = "http://127.0.0.1:9/six-1.16.0-py2.py3-none-any.whl", '
        f'hash = "sha256:{NOBODYS}" }}]\n',
    },
    "dot-in-module-name": {
        "layers.toml": manifest(),
        "packages/d/pyproject.toml": hatch("d"),
        "packages/d/src/d/__init__.py": "",
        "packages/d/src/d/settings.local.py": "DEBUG = True\n",
    },
    "unknown-extra": {
        "layers.toml": f'{manifest()}[layers.a]\nextras = ["s33"]\n',
        "packages/a/pyproject.toml": hatch("a", more='[project.optional-dependencies]\ns3 = ["six"]\n'),
        "packages/a/src/a/__init__.py": "",
    },
    "uv-virtual-members": {
        "layers.toml": manifest(),
        "pyproject.toml": WORKSPACE,
        "packages/liba/pyproject.toml": hatch("liba"),
        "packages/liba/src/liba/__init__.py": "",
        "packages/fn/pyproject.toml": '[project]\nname = "fn"\nversion = "0.1.0"\n'
        'dependencies = ["liba", "six"]\n[tool.uv.sources]\nliba = { workspace = true }\n',
        "packages/fn/main.py": "import liba, six\ndef handler(e, c): pass\n",
        "packages/fn/events/a.json": "{}",
        "packages/fn2/pyproject.toml": '[project]\nname = "fn2"\nversion = "0.1.0"\n'
        'dependencies = ["liba"]\n[tool.uv]\npackage = false\n',
        "packages/fn2/app/__init__.py": "",
        "packages/fn2/infra/__init__.py": "",
    },
    "poetry-non-package": {
        "layers.toml": manifest(),
        "packages/a/pyproject.toml": hatch("a"),
        "packages/a/src/a/__init__.py": "",
        "packages/fn/pyproject.toml": "[tool.poetry]\npackage-mode = false\n"
        '[tool.poetry.dependencies]\npython = "^3.11"\na = { path = "../a", develop = true }\nsix = "*"\n'
        '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
    },
}
