"""Statements beside archives, from the build that writes them to the publish that asks for them."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from factories.signing import private_pem, public_pem
from factories.workshop import workshop

pytestmark = pytest.mark.command

BUILD = "liba-python3.11-x86_64"
PLAIN, SIGNED = f"{BUILD}.provenance.json", f"{BUILD}.intoto.jsonl"


@pytest.fixture
def key(tmp_path):
    """The file with a private key, and its public part."""
    private = Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(private_pem(private))
    return tmp_path / "key.pem", public_pem(private)


@pytest.fixture
def shop(tmp_path, key, cloud):
    """A package with something from an index, published only with a signed statement."""
    with workshop(tmp_path / "shop") as shop:
        shop.offer("theirs", "1.0")
        shop.offer("builder", "2.0")
        shop.member("liba", "theirs", building=["builder"])
        shop.layers(
            tables=f'[provenance]\nwrite = true\nkeys = ["""{key[1]}"""]\n'
            '[publish]\nregions = ["eu-west-1"]\nrequire-provenance = true\n'
        )
        yield shop


def test_only_what_was_signed_is_published(shop, key):
    """What is missing is written again, nothing is where nothing changed, and no other bytes pass for it."""
    assert 0 == shop.run("layers").status
    statement = (shop.output / PLAIN).read_bytes()
    signing = {"PYLAYER_SIGNING_KEY": str(key[0])}
    assert 0 == shop.run("layers", **signing).status
    assert statement == (shop.output / PLAIN).read_bytes()
    envelope = (shop.output / SIGNED).read_bytes()
    (shop.output / SIGNED).unlink()
    assert 0 == shop.run("layers", **signing).status
    assert envelope == (shop.output / SIGNED).read_bytes()
    published = shop.run("publish")
    assert (0, True) == (published.status, "1 published" in published.out), published.text

    went_in = json.loads(statement)["predicate"]["buildDefinition"]["resolvedDependencies"]
    digests = {each["name"]: each["digest"]["sha256"] for each in went_in}
    assert shop.sha256("theirs", "1.0") == digests["theirs 1.0"]
    assert shop.sha256("builder", "2.0") == digests["builder 2.0"]

    shop.file("packages/liba/liba.py", "CHANGED = 1\n")
    assert 0 == shop.run("layers").status
    assert [False, True] == [(shop.output / SIGNED).exists(), statement != (shop.output / PLAIN).read_bytes()]
    (shop.output / SIGNED).write_bytes(envelope)
    refused = shop.run("publish")
    assert (13, True) == (refused.status, "its provenance is that of other bytes" in refused.err), (
        refused.text
    )
