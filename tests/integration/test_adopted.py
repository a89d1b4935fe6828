"""Monorepos in the shapes of public ones give layers with the members expected there, which are imported."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass, field

import pytest
from factories import adopted
from factories.monorepo import Monorepo
from factories.repositories import Repository

pytestmark = [pytest.mark.command, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What is laid, and what is right.

    `parts` are files below `python/` by the distribution that brings them, without metadata; `layers` name
    the distributions of each layer, with versions; `imported` is what must run with a layer.
    """

    files: adopted.Files
    links: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list[str]]
    layers: dict[str, dict[str, str]]
    imported: dict[str, str]
    told: tuple[str, ...] = ()


API = {"acmetrace-api": "1.30.0.dev0"}
SHARED = {**API, "acmetrace-instrumentation": "0.9b0.dev0"}
HTTP = {"acmetrace-util-http": "0.9b0.dev0"}
SIX = {"six": "1."}
INSTRUMENTED = (
    "from acmetrace.context import context; assert context().__name__ == 'Context'; "
    "from importlib.metadata import entry_points; "
    "(found,) = entry_points(group='acmetrace_instrumentor'); assert found.load().url == '/x'"
)
KINDS = {
    "hatchlings": Adopted(
        files=adopted.HATCHLINGS,
        parts={
            "acmetrace-api": [
                "acmetrace/context/__init__.py",
                "acmetrace/context/contextvars.py",
                "acmetrace/py.typed",
                "acmetrace/version/__init__.py",
            ],
            "acmetrace-sdk": [
                "acmetrace/sdk/__init__.pyi",
                "acmetrace/sdk/trace/__init__.py",
                "acmetrace/sdk/version/__init__.py",
            ],
            "acmetrace-instrumentation": [
                "acmetrace/instrumentation/base.py",
                "acmetrace/instrumentation/version.py",
            ],
            "acmetrace-instrumentation-idna": [
                "acmetrace/instrumentation/idna/__init__.py",
                "acmetrace/instrumentation/idna/package.py",
                "acmetrace/instrumentation/idna/version.py",
            ],
            "acmetrace-instrumentation-six": [
                "acmetrace/instrumentation/six/__init__.py",
                "acmetrace/instrumentation/six/package.py",
                "acmetrace/instrumentation/six/version.py",
            ],
            "acmetrace-util-http": ["acmetrace/util/http/__init__.py", "acmetrace/util/http/version.py"],
            "six": ["six.py"],
        },
        layers={
            "acmetrace-api": API,
            "acmetrace-sdk": {**API, "acmetrace-sdk": "1.30.0.dev0"},
            "acmetrace-instrumentation": SHARED,
            "acmetrace-instrumentation-idna": {
                **SHARED,
                **HTTP,
                "acmetrace-instrumentation-idna": "0.9b0.dev0",
            },
            "acmetrace-instrumentation-six": {
                **SHARED,
                **HTTP,
                **SIX,
                "acmetrace-instrumentation-six": "0.9b0.dev0",
            },
            "acmetrace-util-http": HTTP,
        },
        imported={
            "acmetrace-instrumentation-six": f"{INSTRUMENTED}; import six",
            "acmetrace-instrumentation-idna": INSTRUMENTED,
            "acmetrace-sdk": "import acmetrace.sdk.trace",
        },
    ),
    "setups": Adopted(
        files=adopted.SETUPS,
        links=adopted.SETUP_LINKS,
        parts={
            "acme-cloud-core": [
                "acme/cloud/core/__init__.py",
                "acme/cloud/core/gapic_version.py",
                "acme/cloud/core/py.typed",
            ],
            "acme-cloud-bucket": [
                "acme/cloud/bucket/__init__.py",
                "acme/cloud/bucket/gapic_version.py",
                "acme/cloud/bucket/py.typed",
                "acme/cloud/bucket_v1/__init__.py",
                "acme/cloud/bucket_v1/gapic_metadata.json",
                "acme/cloud/bucket_v1/types.py",
            ],
            "six": ["six.py"],
        },
        layers={
            "acme-cloud-core": {"acme-cloud-core": "2.4.1"},
            "acme-cloud-bucket": {"acme-cloud-core": "2.4.1", "acme-cloud-bucket": "0.3.0", **SIX},
        },
        imported={"acme-cloud-bucket": "from acme.cloud import bucket; assert bucket.BASE == 1; import six"},
    ),
    "uv": Adopted(
        files=adopted.UV,
        parts={
            "acme-core": ["acme/core/__init__.py", "acme/core/py.typed", "acme/core/schema.json"],
            "acme-clients": ["acme/clients/__init__.py"],
            "acme-testing": ["acme/testing/__init__.py"],
            "six": ["six.py"],
        },
        layers={
            "acme-core": {"acme-core": "0.1.0"},
            "acme-clients": {"acme-core": "0.1.0", "acme-clients": "0.2.0"},
            "acme-testing": {"acme-core": "0.1.0", "acme-clients": "0.2.0", "acme-testing": "0.1.0"},
            "api": {"acme-core": "0.1.0", "acme-clients": "0.2.0", **SIX},
        },
        imported={"api": "from acme.clients import SCHEMA; assert SCHEMA == '{}'; import six"},
        told=('apps/api ("api-app") is no package: it has no [build-system]',),
    ),
    "poetry": Adopted(
        files=adopted.POETRY,
        parts={
            "acme-common": ["acme_common/__init__.py", "acme_common/defaults.ini"],
            "acme-storage": ["acme_storage/__init__.py"],
            "acme-testing": ["acme_testing.py"],
            "acme-orders": ["orders/__init__.py", "orders/app.py", "orders/openapi.json"],
            "six": ["six.py"],
        },
        layers={
            "acme-common": {"acme-common": "1.2.0"},
            "acme-storage": {"acme-common": "1.2.0", "acme-storage": "0.5.0"},
            "acme-testing": {"acme-common": "1.2.0", "acme-testing": "0.1.0"},
            "acme-orders": {
                "acme-common": "1.2.0",
                "acme-storage": "0.5.0",
                "acme-orders": "3.0.0",
                **SIX,
            },
        },
        imported={"acme-orders": "import orders.app", "acme-testing": "import acme_testing"},
    ),
    "polylith": Adopted(
        files=adopted.POLYLITH,
        parts={
            "orders": [
                "acme/log/.env",  # hatchling asks no ignore file about what is included by force
                "acme/log/__init__.py",
                "acme/log/core.py",
                "acme/orders_api/__init__.py",
                "acme/orders_api/core.py",
                "acme/pricing/__init__.py",
            ],
            "jobs": [
                ".gitignore",  # of the folder where pdm's hook puts the bricks together, in the checkout too
                "acme/jobs/__init__.py",
                "acme/jobs/core.py",
                "acme/log/.env",
                "acme/log/__init__.py",
                "acme/log/core.py",
            ],
            "mail": [
                "acme/jobs/__init__.py",
                "acme/jobs/core.py",
                "acme/log/__init__.py",
                "acme/log/core.py",
            ],
            "prices": ["acme/log/__init__.py", "acme/log/core.py", "acme/pricing/__init__.py"],
            "six": ["six.py"],
        },
        layers={
            "orders": {"orders": "0.1.0"},
            "jobs": {"jobs": "0.1.0", **SIX},
            "mail": {"mail": "0.1.0", **SIX},
            "prices": {"prices": "0.1.0"},
        },
        imported={
            "orders": "import acme.orders_api",
            "jobs": "import acme.jobs.core",
            "mail": "import acme.jobs.core, acme.log, six",
            "prices": "from acme.pricing import PRICE",
        },
        told=("python/acme/log/.env: looks like a secret",),
    ),
}


def lay(kind: Adopted, repository: Repository) -> None:
    """Lay its files, all tracked but for what is ignored."""
    for path, text in kind.files.items():
        file = repository.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for path, target in kind.links.items():
        (repository.folder / path).symlink_to(target)
    repository.commit({})


def held(monorepo: Monorepo) -> dict[str, list[str]]:
    """Give the files of each layer, without metadata."""
    return {
        entry["layer"]: sorted(
            name.removeprefix("python/") for name in monorepo.members(build) if ".dist-info/" not in name
        )
        for build, entry in monorepo.catalogue().items()
    }


def version(monorepo: Monorepo, layer: str) -> dict[str, str]:
    """Give the versions of a layer's distributions; six's, which comes from the index, only its beginning."""
    found = monorepo.catalogue()[f"{layer}-python3.11-x86_64"]["distributions"]
    return {one["name"]: one["version"][:2] if one["name"] == "six" else one["version"] for one in found}


@pytest.mark.parametrize("name", KINDS)
def test_layers_hold_what_their_packages_say(tmp_path, name):
    """No more and no less; they are imported, tell of no path of this machine, and the lock holds."""
    kind = KINDS[name]
    repository = Repository(tmp_path / "mono")
    lay(kind, repository)
    monorepo = Monorepo(root=repository.folder, store=tmp_path / "store")
    ran = monorepo.run("layers", "--engine", "local")
    assert 0 == ran.status, ran.text
    assert [words for words in kind.told if words not in ran.text] == []
    assert ("warning" in ran.text) is bool(kind.told), ran.text

    assert kind.layers == {layer: version(monorepo, layer) for layer in kind.layers}
    assert {
        layer: sorted(path for part in parts for path in kind.parts[part])
        for layer, parts in kind.layers.items()
    } == held(monorepo)
    for layer, code in kind.imported.items():
        folder = tmp_path / layer
        with zipfile.ZipFile(monorepo.output / f"{layer}-python3.11-x86_64.zip") as archive:
            archive.extractall(folder)
        assert [path for path in folder.rglob("METADATA") if "file:" in path.read_text("utf-8")] == []
        begin = f"import sys; sys.path.insert(0, {str(folder / 'python')!r}); "
        done = subprocess.run([sys.executable, "-ISc", begin + code], capture_output=True, check=False)
        assert (0, b"") == (done.returncode, done.stderr)

    assert 0 == monorepo.run("layers", "--engine", "local", "--locked").status
