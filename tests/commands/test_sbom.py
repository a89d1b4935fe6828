"""A document beside each archive says what is in it, and says the same of the same content."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from factories.wheels import make_wheel
from factories.workshop import workshop

pytestmark = pytest.mark.command

BUILD = "liba-python3.11-x86_64"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A layer of two packages and of distributions that tell their licences in each way."""
    with workshop(tmp_path_factory.mktemp("sbom")) as shop:
        ways = {
            "spdx": ["License-Expression: MIT OR Apache-2.0", "Summary: A thing", "Requires-Dist: short"],
            "short": ["License: BSD 3-Clause"],
            "long": [f"License: {'all of it ' * 30}", "Classifier: License :: OSI Approved :: MIT License"],
            "silent": [],
        }
        # What it vendors is not the layer's: the licence of `short` is that of `short` itself.
        vendored = b"Metadata-Version: 2.1\nName: short\nVersion: 9\nLicense: Other\n"
        for name, lines in ways.items():
            files = {f"{name}.py": b"", f"{name}_vendor/short-9.dist-info/METADATA": vendored}
            make_wheel(shop.index.folder, files, name=name, metadata=lines)
        shop.member("liba", "libb", *ways)
        shop.member("libb")
        shop.layers("", '[layers.liba]\ndescription = "All of it"\n')
        ran = shop.run("layers")
        assert 0 == ran.status, ran.text
        yield shop


@pytest.fixture
def document(shop):
    """The document of one build."""
    ran = shop.run("sbom", "--only", BUILD)
    assert 0 == ran.status, ran.text
    return (shop.output / f"{BUILD}.cdx.json").read_text()


def components(document):
    """The document's components by name."""
    return {component["name"]: component for component in json.loads(document)["components"]}


def test_it_is_valid(document):
    """By the schema of CycloneDX."""
    assert None is JsonStrictValidator(SchemaVersion.V1_6).validate_str(document)


def test_all_that_is_in_the_archive_is_there(shop, document):
    """With versions and hashes as layers.json has them."""
    wanted = {
        distribution["name"]: distribution["sha256"]
        for distribution in shop.catalogue()[BUILD]["distributions"]
    }

    assert wanted == {
        name: component["hashes"][0]["content"] for name, component in components(document).items()
    }


def test_only_what_is_the_public_s_can_be_looked_up(document):
    """A package of the monorepo has no package URL: strangers may have its name."""
    found = {name: component.get("purl") for name, component in components(document).items()}

    assert ("pkg:pypi/spdx@1.0", None, None) == (found["spdx"], found["liba"], found["libb"])


def test_licences_are_told_as_they_are_given(document):
    """An expression, a short name, or where there is a long text, the classifiers."""
    found = {name: component.get("licenses") for name, component in components(document).items()}

    assert [{"expression": "MIT OR Apache-2.0"}] == found["spdx"]
    assert [{"license": {"name": "BSD 3-Clause"}}] == found["short"]
    assert [{"license": {"name": "MIT License"}}] == found["long"]
    assert None is found["silent"]


def test_who_needs_whom_is_told(document):
    """The layer needs what nobody else does."""
    found = {
        component["ref"]: component.get("dependsOn", []) for component in json.loads(document)["dependencies"]
    }

    assert (["liba@1.0"], ["short@1.0"]) == (found[BUILD], found["spdx@1.0"])
    assert ["libb@1.0", "long@1.0", "short@1.0", "silent@1.0", "spdx@1.0"] == found["liba@1.0"]


def test_the_layer_itself_is_told(shop, document):
    """With the hash of its archive."""
    found = json.loads(document)["metadata"]["component"]

    assert ("liba", "All of it") == (found["name"], found["description"])
    assert shop.catalogue()[BUILD]["sha256"] == found["hashes"][0]["content"]


def test_the_same_archive_has_the_same_document(shop, document):
    """No time, and no number drawn by chance."""
    (shop.output / f"{BUILD}.cdx.json").unlink()
    assert 0 == shop.run("sbom", "--only", BUILD).status

    assert document == (shop.output / f"{BUILD}.cdx.json").read_text()
    assert "timestamp" not in document


def test_a_build_without_an_archive_is_told(shop, tmp_path):
    """It has to be built first."""
    with workshop(tmp_path) as other:
        other.member("liba")
        other.layers()
        ran = other.run("sbom")

    assert (15, True) == (ran.status, "build it first" in ran.err), ran.text
