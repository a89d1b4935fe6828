"""Monorepos in the shapes of public ones, with the layers.toml of who adopts pylayer there: files by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    Files = Mapping[str, str]

DEFAULTS = '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\nbytecode = false\n'

# Many hatchling packages in one namespace without `__init__.py`, versions in files, plugins by entry points,
# and what is instrumented as an extra: as OpenTelemetry's two repositories.
_HATCH = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n'
_SDIST = '\n[tool.hatch.build.targets.sdist]\ninclude = ["/src", "/tests"]\n'


def _traced(name: str, version: str, body: str) -> str:
    return (
        f'{_HATCH}[project]\nname = "{name}"\ndynamic = ["version"]\ndescription = "Traces"\n'
        'readme = "README.rst"\nlicense = "Apache-2.0"\nrequires-python = ">=3.9"\n'
        f'{body}\n[tool.hatch.version]\npath = "src/{version}"\n{_SDIST}\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/acmetrace"]\n'
    )


def _instrumentation(of: str, instruments: str) -> Files:
    folder = f"instrumentation/acmetrace-instrumentation-{of}"
    module = f"acmetrace/instrumentation/{of}"
    return {
        f"{folder}/pyproject.toml": _traced(
            f"acmetrace-instrumentation-{of}",
            f"{module}/version.py",
            'dependencies = [\n  "acmetrace-api ~= 1.4",\n  "acmetrace-instrumentation == 0.9b0.dev",\n'
            '  "acmetrace-util-http == 0.9b0.dev",\n]\n\n'
            f'[project.optional-dependencies]\ninstruments = ["{instruments}"]\n\n'
            "[project.entry-points.acmetrace_instrumentor]\n"
            f'{of} = "acmetrace.instrumentation.{of}:Instrumentor"\n',
        ),
        f"{folder}/README.rst": "An instrumentation\n",
        f"{folder}/CHANGELOG.md": "",
        f"{folder}/test-requirements-0.txt": "pytest\n",
        f"{folder}/src/{module}/__init__.py": "from acmetrace.instrumentation.base import Base\n"
        "from acmetrace.util.http import clean\n\n\n"
        'class Instrumentor(Base):\n    url = clean("/x?secret=1")\n',
        f"{folder}/src/{module}/package.py": f'_instruments = ("{instruments}",)\n',
        f"{folder}/src/{module}/version.py": '__version__ = "0.9b0.dev"\n',
        f"{folder}/tests/__init__.py": "",
        f"{folder}/tests/test_{of}.py": "",
    }


HATCHLINGS: Files = {
    "layers.toml": 'packages = ["acmetrace-*", "instrumentation/*", "util/*"]\n'
    f'{DEFAULTS}[layers.acmetrace-instrumentation-six]\nextras = ["instruments"]\n',
    "pyproject.toml": '[project]\nname = "acmetrace-repository"\nversion = "0"\n'
    'dependencies = ["acmetrace-api", "acmetrace-sdk"]\n'
    "[tool.uv]\npackage = false\n[tool.uv.sources]\n"
    "acmetrace-api = { workspace = true }\nacmetrace-sdk = { workspace = true }\n"
    '[tool.uv.workspace]\nmembers = ["acmetrace-*", "instrumentation/*", "util/*"]\n',
    ".gitignore": "*.py[cod]\n/dist/\nvenv*/\n.tox\n",
    "acmetrace-api/pyproject.toml": _traced(
        "acmetrace-api",
        "acmetrace/version/__init__.py",
        "dependencies = []\n\n[project.entry-points.acmetrace_context]\n"
        'contextvars = "acmetrace.context.contextvars:Context"\n',
    ),
    "acmetrace-api/README.rst": "The API\n",
    "acmetrace-api/src/acmetrace/py.typed": "",
    "acmetrace-api/src/acmetrace/version/__init__.py": '__version__ = "1.30.0.dev"\n',
    "acmetrace-api/src/acmetrace/context/__init__.py": "from importlib.metadata import entry_points\n\n\n"
    'def context():\n    (found,) = entry_points(group="acmetrace_context")\n    return found.load()\n',
    "acmetrace-api/src/acmetrace/context/contextvars.py": "class Context:\n    pass\n",
    "acmetrace-api/tests/__init__.py": "",
    "acmetrace-sdk/pyproject.toml": _traced(
        "acmetrace-sdk",
        "acmetrace/sdk/version/__init__.py",
        'dependencies = ["acmetrace-api == 1.30.0.dev"]\n',
    ),
    "acmetrace-sdk/README.rst": "The SDK\n",
    "acmetrace-sdk/src/acmetrace/sdk/__init__.pyi": "",
    "acmetrace-sdk/src/acmetrace/sdk/version/__init__.py": '__version__ = "1.30.0.dev"\n',
    "acmetrace-sdk/src/acmetrace/sdk/trace/__init__.py": "from acmetrace.context import context\n",
    "acmetrace-instrumentation/pyproject.toml": _traced(
        "acmetrace-instrumentation",
        "acmetrace/instrumentation/version.py",
        'dependencies = ["acmetrace-api ~= 1.4"]\n\n'
        '[project.scripts]\nacmetrace-instrument = "acmetrace.instrumentation.base:run"\n',
    ),
    "acmetrace-instrumentation/README.rst": "What instrumentations share\n",
    "acmetrace-instrumentation/src/acmetrace/instrumentation/base.py": "class Base:\n    pass\n\n\n"
    "def run(): ...\n",
    "acmetrace-instrumentation/src/acmetrace/instrumentation/version.py": '__version__ = "0.9b0.dev"\n',
    "util/acmetrace-util-http/pyproject.toml": _traced(
        "acmetrace-util-http", "acmetrace/util/http/version.py", "dependencies = []\n"
    ),
    "util/acmetrace-util-http/README.rst": "URLs without secrets\n",
    "util/acmetrace-util-http/src/acmetrace/util/http/__init__.py": "def clean(url):\n"
    '    return url.partition("?")[0]\n',
    "util/acmetrace-util-http/src/acmetrace/util/http/version.py": '__version__ = "0.9b0.dev"\n',
    **_instrumentation("six", "six ~= 1.16"),
    **_instrumentation("idna", "idna >= 3"),
}

# Namespace packages by setup.py alone, which reads the version and README beside it: google-cloud-python's.
_SETUP = """
import io
import os
import re

import setuptools

package_root = os.path.abspath(os.path.dirname(__file__))
version = None
with open(os.path.join(package_root, "{module}/gapic_version.py")) as fp:
    version_candidates = re.findall(r"(?<=\\")\\d+.\\d+.\\d+(?=\\")", fp.read())
    assert len(version_candidates) == 1
    version = version_candidates[0]
if version[0] == "0":
    release_status = "Development Status :: 4 - Beta"
else:
    release_status = "Development Status :: 5 - Production/Stable"
dependencies = [{dependencies}]
extras = {{"tracing": ["six >= 1.16, <2"]}}
readme_filename = os.path.join(package_root, "README.rst")
with io.open(readme_filename, encoding="utf-8") as readme_file:
    readme = readme_file.read()
packages = [
    package for package in setuptools.find_namespace_packages() if package.startswith("acme")
]
setuptools.setup(
    name="{name}",
    version=version,
    description="A client",
    long_description=readme,
    classifiers=[release_status],
    packages=packages,
    python_requires=">=3.7",
    install_requires=dependencies,
    extras_require=extras,
    include_package_data=True,
    zip_safe=False,
)
"""


def _client(name: str, module: str, version: str, body: str, dependencies: str = "") -> Files:
    folder = f"packages/{name}"
    return {
        f"{folder}/setup.py": _SETUP.format(name=name, module=module, dependencies=dependencies),
        f"{folder}/setup.cfg": "[bdist_wheel]\nuniversal = 1\n",
        f"{folder}/MANIFEST.in": "include README.rst LICENSE\n"
        "recursive-include acme *.json *.proto py.typed\nrecursive-include tests *\n"
        "global-exclude *.py[co]\nglobal-exclude __pycache__\n",
        f"{folder}/README.rst": "A client für alles\n",
        f"{folder}/LICENSE": "",
        f"{folder}/noxfile.py": "",
        f"{folder}/docs/conf.py": "",
        f"{folder}/samples/generated_samples/sample.py": "",
        f"{folder}/testing/constraints-3.9.txt": "six==1.16.0\n",
        f"{folder}/tests/__init__.py": "",
        f"{folder}/tests/unit/__init__.py": "",
        f"{folder}/{module}/__init__.py": body,
        f"{folder}/{module}/gapic_version.py": f'__version__ = "{version}"\n',
        f"{folder}/{module}/py.typed": "",
    }


SETUPS: Files = {
    "layers.toml": f'packages = ["packages/*"]\n{DEFAULTS}[layers.acme-cloud-bucket]\nextras = ["tracing"]\n',
    ".gitignore": "*.py[cod]\n*.egg-info\nbuild\ndist\n",
    **_client("acme-cloud-core", "acme/cloud/core", "2.4.1", "BASE = 1\n"),
    **_client(
        "acme-cloud-bucket",
        "acme/cloud/bucket",
        "0.3.0",
        "from acme.cloud import core\nfrom acme.cloud.bucket_v1 import types\nBASE = core.BASE\n",
        '"acme-cloud-core >= 2.0.1, <3.0.0"',
    ),
    "packages/acme-cloud-bucket/acme/cloud/bucket_v1/__init__.py": "",
    "packages/acme-cloud-bucket/acme/cloud/bucket_v1/types.py": "",
    "packages/acme-cloud-bucket/acme/cloud/bucket_v1/gapic_metadata.json": "{}",
    "packages/acme-cloud-bucket/acme/cloud/bucket_v1/notes.txt": "not in MANIFEST.in",
    "packages/acme-cloud-bucket/scripts/fixup_keywords.py": "",
}
SETUP_LINKS = {"packages/acme-cloud-bucket/docs/README.rst": "../README.rst"}

# A uv workspace with a virtual root, whose sources all members have, and applications that are no packages.
_UV = '[build-system]\nrequires = ["uv_build>=0.8"]\nbuild-backend = "uv_build"\n'
UV: Files = {
    "layers.toml": f'packages = ["libs/*", "apps/*", "!libs/attic"]\n{DEFAULTS}'
    '[layers.api]\npackages = ["acme-core", "acme-clients"]\nextras = ["retry"]\n',
    "pyproject.toml": "[dependency-groups]\n"
    'dev = ["acme-testing", "ruff"]\n'
    "[tool.uv.sources]\n"
    "acme-core = { workspace = true }\nacme-clients = { workspace = true }\n"
    "acme-testing = { workspace = true }\n"
    '[tool.uv.workspace]\nmembers = ["libs/*", "apps/*"]\nexclude = ["libs/attic"]\n',
    ".gitignore": ".venv\n__pycache__\n/dist\n",
    ".python-version": "3.11\n",
    "libs/core/pyproject.toml": '[project]\nname = "acme-core"\nversion = "0.1.0"\n'
    'requires-python = ">=3.11"\ndependencies = []\n[dependency-groups]\ndev = ["acme-testing"]\n'
    f'{_UV}[tool.uv.build-backend]\nmodule-name = "acme.core"\n',
    "libs/core/README.md": "",
    "libs/core/src/acme/core/__init__.py": "from importlib.resources import files\n\n"
    'SCHEMA = files(__name__).joinpath("schema.json").read_text()\n',
    "libs/core/src/acme/core/py.typed": "",
    "libs/core/src/acme/core/schema.json": "{}",
    "libs/core/tests/test_core.py": "",
    "libs/clients/pyproject.toml": '[project]\nname = "acme-clients"\nversion = "0.2.0"\n'
    'requires-python = ">=3.11"\ndependencies = ["acme-core>=0.1"]\n'
    '[project.optional-dependencies]\nretry = ["six"]\n'
    f'{_HATCH}[tool.hatch.build.targets.wheel]\npackages = ["src/acme"]\n',
    "libs/clients/src/acme/clients/__init__.py": "from acme.core import SCHEMA\n",
    "libs/testing/pyproject.toml": '[project]\nname = "acme-testing"\nversion = "0.1.0"\n'
    'dependencies = ["acme-core", "acme-clients"]\n'
    "[tool.uv.sources]\nacme-core = { workspace = true }\nacme-clients = { workspace = true }\n"
    f'{_UV}[tool.uv.build-backend]\nmodule-name = "acme.testing"\nnamespace = false\n',
    "libs/testing/src/acme/testing/__init__.py": "import acme.clients\n",
    "libs/attic/pyproject.toml": '[project]\nname = "acme-core"\nversion = "0.0.1"\n',
    "apps/api/pyproject.toml": '[project]\nname = "api-app"\nversion = "0.1.0"\nrequires-python = ">=3.11"\n'
    'dependencies = ["acme-clients[retry]"]\n',
    "apps/api/main.py": "import acme.clients\n",
}

# Packages of poetry's that have each other by their paths, some in groups, in both ways to write that.
_POETRY = '[build-system]\nrequires = ["poetry-core>=2"]\nbuild-backend = "poetry.core.masonry.api"\n'
POETRY: Files = {
    "layers.toml": f'packages = ["libs/*", "services/*"]\n{DEFAULTS}',
    "pyproject.toml": "[tool.poetry]\npackage-mode = false\n"
    '[tool.poetry.dependencies]\npython = "^3.11"\n'
    "[tool.poetry.group.services.dependencies]\n"
    'acme-orders = { path = "services/orders", develop = true }\n',
    ".gitignore": "__pycache__\ndist/\n*.local.ini\n",
    "libs/common/pyproject.toml": '[tool.poetry]\nname = "acme-common"\nversion = "1.2.0"\ndescription = ""\n'
    'authors = ["A <a@mail.example>"]\npackages = [{ include = "acme_common", from = "src" }]\n'
    '[tool.poetry.dependencies]\npython = "^3.11"\n'
    "[tool.poetry.group.dev.dependencies]\n"
    f'acme-testing = {{ path = "../testing", develop = true }}\n{_POETRY}',
    "libs/common/src/acme_common/__init__.py": "COMMON = 1\n",
    "libs/common/src/acme_common/defaults.ini": "[x]\n",
    "libs/common/src/acme_common/mine.local.ini": "[secret]\n",
    "libs/common/tests/test_common.py": "",
    "libs/storage/pyproject.toml": '[project]\nname = "acme-storage"\nversion = "0.5.0"\n'
    'requires-python = ">=3.11"\ndependencies = ["acme-common"]\n'
    '[project.optional-dependencies]\ns3 = ["six (>=1.16)"]\n'
    "[tool.poetry.dependencies]\n"
    f'acme-common = {{ path = "../common", develop = true }}\n{_POETRY}',
    "libs/storage/acme_storage/__init__.py": "from acme_common import COMMON\n",
    "libs/testing/pyproject.toml": '[tool.poetry]\nname = "acme-testing"\nversion = "0.1.0"\n'
    'description = ""\nauthors = []\n[tool.poetry.dependencies]\npython = "^3.11"\nacme-common = "*"\n'
    "[tool.poetry.group.local]\noptional = true\n"
    "[tool.poetry.group.local.dependencies]\n"
    f'acme-common = {{ path = "../common", develop = true }}\n{_POETRY}',
    "libs/testing/acme_testing.py": "from acme_common import COMMON\n",
    "services/orders/pyproject.toml": '[tool.poetry]\nname = "acme-orders"\nversion = "3.0.0"\n'
    'description = ""\nauthors = []\nreadme = "README.md"\npackages = [{ include = "orders" }]\n'
    'include = [{ path = "orders/openapi.json", format = ["sdist", "wheel"] }]\n'
    '[tool.poetry.dependencies]\npython = "^3.11"\n'
    'acme-storage = { path = "../../libs/storage", develop = true, extras = ["s3"] }\n'
    "[tool.poetry.group.test.dependencies]\n"
    'acme-testing = { path = "../../libs/testing", develop = true }\n'
    f'[tool.poetry.scripts]\norders = "orders.app:main"\n{_POETRY}',
    "services/orders/README.md": "Orders\n",
    "services/orders/orders/__init__.py": "",
    "services/orders/orders/app.py": "import acme_storage, six\n\n\ndef main(): ...\n",
    "services/orders/orders/openapi.json": "{}",
    "services/orders/Dockerfile": "",
}

# Bases and components without packages of their own, which projects put together: as polylith's example.
POLYLITH: Files = {
    "layers.toml": f'packages = ["projects/*"]\n{DEFAULTS}',
    "workspace.toml": '[tool.polylith]\nnamespace = "acme"\n[tool.polylith.structure]\ntheme = "loose"\n'
    "[tool.polylith.test]\nenabled = true\n",
    "pyproject.toml": f'{_HATCH}[project]\nname = "development"\nversion = "0"\n'
    '[tool.hatch.build]\ndev-mode-dirs = ["components", "bases", "development", "."]\n',
    ".gitignore": "__pycache__\n.env\n",
    "development/scratch.py": "",
    "components/acme/log/__init__.py": "from acme.log.core import say\n",
    "components/acme/log/core.py": "def say(text):\n    return text\n",
    "components/acme/log/.env": "SECRET=1\n",
    "components/acme/pricing/__init__.py": "from acme.log import say\nPRICE = 3\n",
    "components/acme/unused/__init__.py": "",
    "bases/acme/orders_api/__init__.py": "from acme.orders_api import core\n",
    "bases/acme/orders_api/core.py": "from acme.pricing import PRICE\n",
    "bases/acme/jobs/__init__.py": "",
    "bases/acme/jobs/core.py": "from acme.log import say\nimport six\n",
    "test/components/acme/log/test_core.py": "",
    "projects/orders/pyproject.toml": '[build-system]\nrequires = ["hatchling", "hatch-polylith-bricks"]\n'
    'build-backend = "hatchling.build"\n'
    '[project]\nname = "orders"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = []\n'
    "[tool.hatch.build.hooks.polylith-bricks]\n[tool.polylith.bricks]\n"
    '"../../bases/acme/orders_api" = "acme/orders_api"\n'
    '"../../components/acme/log" = "acme/log"\n"../../components/acme/pricing" = "acme/pricing"\n',
    "projects/jobs/pyproject.toml": '[build-system]\nrequires = ["pdm-backend", "pdm-polylith-bricks"]\n'
    'build-backend = "pdm.backend"\n'
    '[project]\nname = "jobs"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = ["six"]\n'
    "[tool.polylith.bricks]\n"
    '"../../bases/acme/jobs" = "acme/jobs"\n"../../components/acme/log" = "acme/log"\n',
    "projects/mail/pyproject.toml": '[tool.poetry]\nname = "mail"\nversion = "0.1.0"\ndescription = ""\n'
    'authors = []\npackages = [\n  { include = "acme/jobs", from = "../../bases" },\n'
    '  { include = "acme/log", from = "../../components" },\n]\n'
    f'[tool.poetry.dependencies]\npython = "^3.11"\nsix = "^1.15 || ^2.0"\n{_POETRY}',
    "projects/prices/pyproject.toml": '[build-system]\nrequires = ["setuptools>=77"]\n'
    'build-backend = "setuptools.build_meta"\n[project]\nname = "prices"\nversion = "0.1.0"\n'
    '[tool.setuptools]\npackages = ["acme.pricing", "acme.log"]\n'
    '[tool.setuptools.package-dir]\n"acme.pricing" = "../../components/acme/pricing"\n'
    '"acme.log" = "../../components/acme/log"\n',
}
