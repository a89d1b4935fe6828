"""What users of other tools met is right here, or told: a workspace each, built by the whole command."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from factories.cases import CASES
from factories.monorepo import Monorepo
from factories.repositories import Repository

pytestmark = [pytest.mark.command, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One for all of them: what they are built with is fetched once."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def lay(tmp_path, store):
    """Lay a case, all of it tracked by git but for what that ignores."""

    def make(name: str) -> Monorepo:
        repository = Repository(tmp_path / "mono")
        for path, content in CASES[name].items():
            file = repository.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        repository.commit({})
        return Monorepo(root=repository.folder, store=store)

    return make


def layers(case: Monorepo, status: int = 0) -> str:
    """Build the layers; give what was printed."""
    ran = case.run("layers", "--engine", "local")
    assert status == ran.status, ran.text
    return ran.text


def members(case: Monorepo, layer: str) -> list[str]:
    """Of the layer, without metadata."""
    return sorted(name for name in case.members(f"{layer}-python3.11-x86_64") if ".dist-info/" not in name)


def versions(case: Monorepo, layer: str) -> dict[str, str]:
    """Of the layer's distributions."""
    entry = case.catalogue()[f"{layer}-python3.11-x86_64"]
    return {each["name"]: each["version"] for each in entry["distributions"]}


# What the layer of a case holds: its files beside its own bytecode, and its distributions.
HELD = {
    "ignored-by-git": ("liba", ["liba/__init__.py"], {"liba": "1.0"}),
    "reads-above-its-folder": ("legacy", ["legacy/__init__.py"], {"legacy": "2.3.4"}),
    "polylith": (
        "shop",
        ["acme/pricing/__init__.py", "acme/shop_api/__init__.py", "acme/shop_api/core.py"],
        {"shop": "1.0"},
    ),
    "requirements-include": ("liba", ["liba/__init__.py", "six.py"], {"liba": "1.0", "six": "1.16.0"}),
    "requirements-with-bom": ("liba", ["liba/__init__.py", "six.py"], {"liba": "1.0", "six": "1.16.0"}),
    "requirements-utf16": ("liba", ["liba/__init__.py", "six.py"], {"liba": "1.0", "six": "1.16.0"}),
    "requirements-with-paths": ("liba", ["liba/__init__.py", "six.py"], {"liba": "1.0", "six": "1.16.0"}),
    "uv-sources-path": ("a", ["a/__init__.py", "six/__init__.py"], {"a": "1.0", "six": "1.0"}),
    "dot-in-module-name": ("d", ["d/__init__.py", "d/settings.local.py"], {"d": "1.0"}),
    "unknown-extra": ("a", ["a/__init__.py"], {"a": "1.0"}),
    "uv-virtual-members": ("liba", ["liba/__init__.py"], {"liba": "1.0"}),
    "poetry-non-package": ("a", ["a/__init__.py"], {"a": "1.0"}),
}
# What is told as well, by case.
TOLD = {
    "unknown-extra": ['layer a asks for the extra "s33" of a: it has s3'],
    "uv-virtual-members": [
        'packages/fn ("fn") is no package: it has no [build-system]',
        'packages/fn2 ("fn2") is no package: uv\'s package is false',
    ],
    "poetry-non-package": ['packages/fn ("fn") is no package: poetry\'s package-mode is false'],
}
# What is refused, and the words that say so.
REFUSED = {
    "requirements-wrong-hash": (4, "six 1.16.0: no wheel that runs there has one of the allowed hashes"),
    "uv-lock-other-registry": (4, "uv.lock pins six 1.16.0 from http://127.0.0.1:9/simple"),
    "uv-sources-index": (6, "http://127.0.0.1:9/simple/six/"),
}
# What has a test of its own.
SINGLE = {"vendored-dist-info", "vendored-in-a-set", "two-wheels-with-tests", "three-wheels-one-init"}


def test_each_case_is_run():
    """In one of the tables, or by a test of its own."""
    assert {*HELD, *REFUSED, *SINGLE} == set(CASES)


@pytest.mark.parametrize("name", HELD)
def test_a_layer_holds(lay, name):
    """Exactly this, compiled, and no other layer is made."""
    case = lay(name)
    text = layers(case)
    layer, files, distributions = HELD[name]
    bytecode = [path for path in members(case, layer) if path.endswith(".pyc")]

    assert [path for path in TOLD.get(name, ()) if path not in text] == []
    assert [f"{layer}-python3.11-x86_64"] == list(case.catalogue())
    assert sorted(f"python/{path}" for path in files) == [
        path for path in members(case, layer) if path not in bytecode
    ]
    assert len(files) == len(bytecode)
    assert distributions == versions(case, layer)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_had_from_where_the_team_has_it_is_refused(lay, name):
    """And nothing is shipped in its place."""
    case = lay(name)
    status, words = REFUSED[name]

    assert words in layers(case, status)
    assert {} == case.catalogue()


def test_a_vendored_distribution_is_none_of_the_layer(lay):
    """The cleaner `bleach` vendors html5lib, with its metadata."""
    case = lay("vendored-dist-info")
    text = layers(case)

    assert "[twice]" not in text
    assert {"bleach", "webencodings"} == set(versions(case, "v"))
    assert [
        name
        for name in case.members("v-python3.11-x86_64")
        if fnmatchcase(name, "python/bleach/_vendor/html5lib-*.dist-info/METADATA")
    ]


def test_what_setuptools_vendors_is_nobodys_complaint_in_a_set(lay):
    """Though another layer of the set has the same distributions."""
    case = lay("vendored-in-a-set")
    text = layers(case)

    assert ("[twice]" in text, "warning" in text) == (False, False), text
    assert {"setuptools"} == set(versions(case, "a"))
    assert {"packaging", "wheel"} == set(versions(case, "b"))


def test_two_wheels_with_tests_of_theirs_are_settled(lay):
    """By whose are taken, or without any; each file is told of once, with the two distributions."""
    case = lay("two-wheels-with-tests")
    text = layers(case, status=10)
    told = [
        line
        for line in text.splitlines()
        if line.startswith("error: ") and "put different files there" in line
    ]
    text_of_manifest = (case.root / "layers.toml").read_text()

    assert ["tests/__init__.py", "tests/test_defaults.py"] == [
        line.split(": ")[2].removeprefix("python/") for line in told
    ]
    assert all("django_hosts-5.1-" in line and "draftjs_exporter-2.1.7-" in line for line in told)

    case.manifest(f'{text_of_manifest}[layers.web]\nprefer = {{ "tests/" = "django-hosts" }}\n')
    taken = (
        "prefer takes tests/__init__.py, tests/test_defaults.py from django-hosts, not from draftjs-exporter"
    )
    assert taken in layers(case)

    case.manifest(f'{text_of_manifest}[layers.web]\ndrop = ["tests/"]\n')
    layers(case)
    assert [] == [name for name in members(case, "web") if name.startswith("python/tests/")]


def test_wheels_that_share_an_init_need_no_key(lay):
    """Each of them only declares the namespace, in words of its own; whoever says whose is taken decides."""
    case = lay("three-wheels-one-init")
    told = layers(case)
    assert "databricks/__init__.py" not in told
    assert "[twice]" not in told

    line = 'prefer = { "databricks/__init__.py" = "databricks-sdk" }'
    case.manifest((case.root / "layers.toml").read_text() + line)
    told = layers(case)
    assert "prefer takes databricks/__init__.py from databricks-sdk, not from" in told, told
    assert "[twice]" not in told
